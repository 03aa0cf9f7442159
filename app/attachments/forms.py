"""What a browser declares of a file before it may send it."""

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.attachments.images import FORMATS, MAX_BYTES

# Everything else is a download, never shown by a browser.
FILE_TYPES = (
    "application/pdf",
    "application/zip",
    "audio/mpeg",
    "text/csv",
    "text/plain",
    "video/mp4",
    "video/webm",
)
MAX_FILE_BYTES = 5 * 1024**3
PART_BYTES = 16 * 1024 * 1024


# What a page's script checks before it sends anything; the answers to a declaration say the same.
RULES = {
    "imageTypes": list(FORMATS),
    "types": [*FORMATS, *FILE_TYPES],
    "maxImageBytes": MAX_BYTES,
    "maxBytes": MAX_FILE_BYTES,
    "partBytes": PART_BYTES,
}


def is_image(content_type: str) -> bool:
    return content_type in FORMATS


def part_count(size: int) -> int:
    return -(-size // PART_BYTES)


def _allowed_type(value: str) -> str:
    if not is_image(value) and value not in FILE_TYPES:
        raise ValueError(f"This kind of file is not taken. Allowed: {', '.join((*FORMATS, *FILE_TYPES))}")
    return value


def _base64_digest(value: str) -> str:
    """SHA-256 in base64, also from hexadecimal; or the base64 checksum of parts, followed by their number."""
    digest, dash, parts = value.partition("-")
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return base64.b64encode(bytes.fromhex(value)).decode()
    try:
        is_digest = len(base64.b64decode(digest, validate=True)) == 32
    except (binascii.Error, ValueError):
        is_digest = False
    if not is_digest or (dash and not re.fullmatch(r"[1-9][0-9]{0,4}", parts)):
        raise ValueError("This must be the file's SHA-256")
    return value


def _a_name(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError("This must be the file's name")
    return value


Digest = Annotated[str, StringConstraints(max_length=64), AfterValidator(_base64_digest)]


class Declaration(BaseModel):
    """The file that will be sent: `size` in bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filename: Annotated[str, StringConstraints(max_length=255), AfterValidator(_a_name)]
    content_type: Annotated[str, AfterValidator(_allowed_type)]
    size: Annotated[int, Field(ge=1, le=MAX_FILE_BYTES)]
    sha256: Digest

    def problems(self) -> dict[str, str]:
        """What its fields say against each other."""
        if is_image(self.content_type) and self.size > MAX_BYTES:
            return {"size": f"An image may have at most {MAX_BYTES // 1024**2} MB"}
        if self.in_parts and self.sha256.partition("-")[2] != str(part_count(self.size)):
            return {"sha256": f"A file of this size has {part_count(self.size)} parts"}
        return {}

    @property
    def in_parts(self) -> bool:
        return "-" in self.sha256


class PartDeclaration(BaseModel):
    """One part, numbered from 1: all have PART_BYTES, but the last."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Annotated[int, Field(ge=1, le=10_000)]
    sha256: Digest


class Finish(BaseModel):
    """The upload is over; after an upload in parts, with the checksum of each."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parts: Annotated[list[Digest], Field(max_length=10_000)] = []
