"""What may stand in a path, and which paths lead to a page of this site."""

import re

from flask import Flask, abort, request
from werkzeug.routing import BaseConverter

from app.db import MAX_ID
from app.errors import NotFound

MAX_LENGTH = 512


class IdConverter(BaseConverter):
    """A row's id: a positive integer of at most 63 bits; anything else is no path of ours."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            # A ValidationError would have Werkzeug look for other methods, and answer 405.
            abort(404)
        return number


class KeyConverter(BaseConverter):
    """The key of a form: what `new_key` makes, or a UUID."""

    regex = "[A-Za-z0-9_-]{1,100}"


def init_app(app: Flask) -> None:
    app.url_map.converters.update(id=IdConverter, key=KeyConverter)
    # Merging `//` would redirect to the scheme and port of the request, which behind a proxy are not the blog's.
    app.url_map.merge_slashes = False
    app.before_request(_refuse_two_slashes)


def _refuse_two_slashes() -> None:
    # At the beginning Werkzeug takes two slashes for one all the same.
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound("There is nothing at this address.")


def local_path(value: str | None) -> str | None:
    """The value if it can only lead to a page of this site, else None.

    Stricter than RFC 3986: one slash, then printable ASCII without a backslash or a dot segment, since browsers read
    `//host`, `/\\host` and `/<tab>/host` as another site.
    """
    if not value or len(value) > MAX_LENGTH or not re.fullmatch(r"/(?!/)[!-\[\]-~]*", value):
        return None
    path = re.split(r"[?#]", value)[0]
    inside = not path.startswith("/auth/") and not {".", ".."} & set(path.split("/"))
    return value if inside else None
