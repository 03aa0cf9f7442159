"""Row ids in paths."""

from werkzeug.routing import BaseConverter, ValidationError

from app.db import MAX_ID


class IdConverter(BaseConverter):
    """A row's id: a positive integer of at most 63 bits; anything else is no path of ours."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValidationError
        return number
