"""What a stored value looks like: schema, time made, check, document. Anything else is not ours to serve."""

from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from .document import Document

SCHEMA = b"1"


class StoredValue(NamedTuple):
    document: Document
    made: float


class Codec:
    """Seals values with a key of our own: whoever else can write to Redis cannot have us serve what they wrote."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), person=b"inkwell.cache").digest()

    def encode(self, place: str, stored: StoredValue) -> bytes:
        made = b"%.3f" % stored.made
        return b"%b %b %b %b" % (SCHEMA, made, self._check(place, made, stored.document), stored.document)

    def decode(self, place: str, value: object) -> StoredValue | None:
        """What was stored for that place, or None for whatever is not."""
        if not isinstance(value, bytes) or not value.startswith(SCHEMA + b" "):
            return None
        _schema, *parts = value.split(b" ", 3)
        if len(parts) != 3:
            return None
        made, check, document = parts
        if not compare_digest(check, self._check(place, made, document)):
            return None
        return StoredValue(Document(document), float(made))

    def _check(self, place: str, made: bytes, document: bytes) -> bytes:
        # The place is part of it, so that a value that turned up under another key is not served.
        content = b"%d %b %b %b" % (len(place.encode()), place.encode(), made, document)
        return blake2b(content, key=self._key, digest_size=16).hexdigest().encode()
