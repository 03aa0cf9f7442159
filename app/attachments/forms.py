"""What a browser declares of a file before it may send it."""

import base64
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.images.decoder import FORMATS, MAX_BYTES
from app.images.server import VARIANT_WIDTHS, is_image
from app.storage.store import MAX_FILE_BYTES, PART_BYTES

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
# What a page's script checks before it sends anything; the answers to a declaration say the same.
RULES = {
    "imageTypes": list(FORMATS),
    "types": [*FORMATS, *FILE_TYPES],
    "maxImageBytes": MAX_BYTES,
    "maxBytes": MAX_FILE_BYTES,
    "partBytes": PART_BYTES,
    "previewWidth": min(VARIANT_WIDTHS),
}


# How a SHA-256 may be written, for those who read the API's description.
DIGEST = "([0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=)"


def part_count(size: int) -> int:
    return -(-size // PART_BYTES)


def part_size(size: int, number: int) -> int:
    return min(PART_BYTES, size - (number - 1) * PART_BYTES)


def _allowed_type(value: str) -> str:
    if not is_image(value) and value not in FILE_TYPES:
        raise ValueError(f"This kind of file is not taken. Allowed: {', '.join((*FORMATS, *FILE_TYPES))}")
    return value


def _digest(value: str) -> str:
    """SHA-256 in base64, as stores write it: also from hexadecimal."""
    try:
        digest = bytes.fromhex(value) if len(value) == 64 else base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValueError("This must be the file's SHA-256")
    return base64.b64encode(digest).decode()


def _whole_or_composite(value: str) -> str:
    """The file's own digest, or the digest of its parts' digests, a dash and how many those are."""
    digest, dash, parts = value.partition("-")
    if dash and not re.fullmatch(r"[1-9][0-9]{0,4}", parts, re.ASCII):
        raise ValueError("This must be the file's SHA-256")
    return _digest(digest) + dash + parts


def _a_name(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError("This must be the file's name")
    return value


def _a_size(value: int) -> int:
    if value < 1:
        raise ValueError("The file is empty")
    if value > MAX_FILE_BYTES:
        raise ValueError(f"A file may have at most {MAX_FILE_BYTES // 1024**3} GB")
    return value


Digest = Annotated[str, AfterValidator(_digest), Field(json_schema_extra={"pattern": f"^{DIGEST}$"})]


class Declaration(BaseModel):
    """The file that will be sent: `size` in bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filename: Annotated[str, StringConstraints(max_length=255), AfterValidator(_a_name)]
    content_type: Annotated[str, AfterValidator(_allowed_type), Field(json_schema_extra={"enum": RULES["types"]})]
    size: Annotated[int, AfterValidator(_a_size), Field(json_schema_extra={"minimum": 1, "maximum": MAX_FILE_BYTES})]
    sha256: Annotated[
        str,
        AfterValidator(_whole_or_composite),
        Field(json_schema_extra={"pattern": f"^{DIGEST}(-[1-9][0-9]{{0,4}})?$"}),
    ]

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
