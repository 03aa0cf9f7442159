"""What may stand in a path."""

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from app.db import MAX_ID
from app.errors import NotFound


class IdConverter(BaseConverter):
    """A row's id: a positive integer of at most 63 bits; anything else is no path of ours."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValidationError
        return number


def init_app(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    # Merging `//` would redirect to the scheme and port of the request, which behind a proxy are not the blog's.
    app.url_map.merge_slashes = False
    app.before_request(_refuse_two_slashes)


def _refuse_two_slashes() -> None:
    # At the beginning Werkzeug takes two slashes for one all the same.
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound("There is nothing at this address.")
