"""What the cache keeps and gives."""

from functools import cached_property
from hashlib import blake2b


class Document(bytes):
    """A JSON document that is digested once, however often it is sent."""

    @cached_property
    def digest(self) -> bytes:
        """BLAKE2b of 16 bytes (RFC 7693)."""
        return blake2b(self, digest_size=16).digest()
