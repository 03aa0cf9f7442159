"""What the API sends of attachments."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.web.openapi import closed


@closed
class SignedUpload(TypedDict):
    """A request to send word for word, with the bytes as its body, within `expires_in` seconds."""

    expires_in: int
    url: str
    method: str
    headers: dict[str, str]


@closed
class BegunUpload(SignedUpload):
    """A file that was declared, and the request that sends it."""

    id: int
    key: str


@closed
class BegunUploadInParts(TypedDict):
    """A file that was declared and will be sent in so many `parts`, all but the last of `part_size` bytes."""

    id: int
    key: str
    expires_in: int
    part_size: int
    parts: int


@closed
class ArrivedPart(TypedDict):
    """A part that the store has, and its bytes."""

    number: int
    size: int


@closed
class AttachmentDocument(TypedDict):
    """One's own file, as it was declared (`pending`), then as the server found it to be (`ready`)."""

    id: int
    key: str
    filename: str
    content_type: str
    size: int
    sha256: str
    state: str
    width: int | None
    height: int | None
    uploader_id: int
    finished_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None
    parts: NotRequired[list[ArrivedPart]]


@closed
class DownloadAddress(TypedDict):
    """An address that serves the file for `expires_in` seconds."""

    file_url: str
    expires_in: int
