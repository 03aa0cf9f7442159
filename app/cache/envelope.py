"""What a stored value looks like: schema, time made, check, document. Anything else is not ours to serve."""

from hashlib import blake2b
from typing import NamedTuple

SCHEMA = b"1"


class Sealed(NamedTuple):
    document: bytes
    made: float


def seal(place: str, sealed: Sealed) -> bytes:
    made = b"%.3f" % sealed.made
    return b"%b %b %b %b" % (SCHEMA, made, _check(place, made, sealed.document), sealed.document)


def unseal(place: str, value: object) -> Sealed | None:
    if not isinstance(value, bytes) or not value.startswith(SCHEMA + b" "):
        return None
    _schema, *parts = value.split(b" ", 3)
    if len(parts) != 3:
        return None
    made, check, document = parts
    return Sealed(document, float(made)) if check == _check(place, made, document) else None


def _check(place: str, made: bytes, document: bytes) -> bytes:
    # The place is part of it, so that a value that turned up under another key is not served.
    return blake2b(made + b" " + document, key=blake2b(place.encode()).digest(), digest_size=12).hexdigest().encode()
