"""Writes that may be sent again: a key names the first one, and another with the same key makes no second row.

Programs send it as the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), forms in a hidden
field.
"""

import re
import secrets

from flask import request

from app.errors import Malformed

MAX_LENGTH = 100
# A string of structured fields (RFC 9651, 3.3.3), or without its quotes, as most programs send it.
_KEY = re.compile(rf'"?([!#-\[\]-~]{{1,{MAX_LENGTH}}})"?')


def new_key() -> str:
    """A key that nobody had, for a form that is shown for the first time."""
    return secrets.token_urlsafe(16)


def header_key() -> str | None:
    """The key that a program sent, if it did. Raises Malformed."""
    return checked_key(request.headers.get("Idempotency-Key"))


def checked_key(sent: str | None) -> str | None:
    """The key itself, without quotes. Raises Malformed for what is none."""
    if not sent:
        return None
    found = _KEY.fullmatch(sent)
    if not found:
        raise Malformed(f"An idempotency key has 1 to {MAX_LENGTH} printable ASCII characters, such as a UUID.")
    return found[1]
