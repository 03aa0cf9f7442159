"""A file's way in: declared, sent straight to the store by signed addresses, and found to be what was declared."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from app.attachments import queries
from app.attachments.forms import Declaration, PartDeclaration, part_count, part_size
from app.attachments.models import Attachment
from app.db import Database
from app.errors import InkwellError, Invalid, NotFound
from app.images.decoder import ImageInfo
from app.images.errors import NotAnImage, TooLarge
from app.images.server import ImageServer, is_image
from app.storage.store import (
    PART_BYTES,
    AlreadyStored,
    ObjectInfo,
    ObjectNotFound,
    Part,
    Store,
    StoreError,
    Upload,
    UploadNotFound,
    WrongParts,
    composite,
)

UPLOAD_SECONDS = 300


class NotUploaded(InkwellError):
    """The file has not arrived yet."""

    status = 409
    sentence = "The file has not arrived yet."


class NotAsDeclared(InkwellError):
    """What arrived is not the file that was declared."""

    status = 422
    sentence = "What arrived is not the file that was declared."


def begin(
    database: Database, store: Store, uploader_id: int, declaration: Declaration, client_key: str | None = None
) -> dict[str, Any]:
    """A pending attachment, and the signed upload that a browser replays; for a file in parts, their size and number.

    With the key of a declaration before it is that attachment, and its upload is signed anew. Raises Invalid or
    KeyReused.
    """
    if problems := declaration.problems():
        raise Invalid(problems)
    with database.write() as db:
        attachment = queries.declare(db, uploader_id, declaration, client_key)
    begun: dict[str, Any] = {"id": attachment.id, "key": attachment.key, "expires_in": UPLOAD_SECONDS}
    if not declaration.in_parts:
        upload = store.presign_put(
            attachment.key,
            attachment.content_type,
            size=attachment.size,
            sha256=attachment.sha256,
            expires_in=UPLOAD_SECONDS,
        )
        return begun | _document(upload)
    if not attachment.upload_id:
        upload_id = store.create_multipart(attachment.key, attachment.content_type)
        with database.write() as db:
            queries.keep_upload_id(db, uploader_id, attachment.id, upload_id)
    return begun | {"part_size": PART_BYTES, "parts": part_count(attachment.size)}


def sign_part(store: Store, attachment: Attachment, part: PartDeclaration) -> dict[str, Any]:
    """The signed upload of one part. Raises Invalid, or NotFound when no part of it is awaited."""
    if attachment.upload_id is None or attachment.is_settled:
        raise NotFound(queries.NO_SUCH_ATTACHMENT)
    if part.number > part_count(attachment.size):
        raise Invalid({"number": f"There are {part_count(attachment.size)} parts"})
    size = part_size(attachment.size, part.number)
    upload = store.presign_part(
        attachment.key, attachment.upload_id, part.number, size=size, sha256=part.sha256, expires_in=UPLOAD_SECONDS
    )
    return {"expires_in": UPLOAD_SECONDS} | _document(upload)


def arrived_parts(store: Store, attachment: Attachment) -> Sequence[Part]:
    """The parts that have arrived. Raises UploadNotFound when neither they nor the whole file are there."""
    try:
        return store.list_parts(attachment.key, attachment.upload_id or "")
    except UploadNotFound:
        if store.head(attachment.key) is None:
            raise
    return [Part(number, part_size(attachment.size, number)) for number in range(1, part_count(attachment.size) + 1)]


def finish(
    database: Database, images: ImageServer, uploader_id: int, attachment_id: int, part_checksums: Sequence[str]
) -> Attachment:
    """Look at what the store has. The first finding stands: asking again gives the same answer.

    Raises NotUploaded as long as the file has not arrived, and Invalid when it is not what was declared.
    """
    attachment = _own(database, uploader_id, attachment_id)
    if not attachment.is_settled:
        attachment = _inspected(database, images, attachment, part_checksums)
    if attachment.refusal:
        raise Invalid({"file": attachment.refusal})
    return attachment


def store_file(
    database: Database, images: ImageServer, uploader_id: int, declaration: Declaration, body: BinaryIO
) -> Attachment:
    """A file that this side has, taken as if its uploader had sent it. Raises Invalid, and leaves nothing behind."""
    if problems := declaration.problems():
        raise Invalid(problems)
    with database.write() as db:
        attachment = queries.declare(db, uploader_id, declaration)
    try:
        size, sha256 = attachment.size, attachment.sha256
        images.store.put_file(attachment.key, attachment.content_type, body, size=size, sha256=sha256)
        return finish(database, images, uploader_id, attachment.id, ())
    except BaseException:
        forget_files(database, images.store, uploader_id, [attachment])
        raise


def forget_files(database: Database, store: Store, uploader_id: int, attachments: Sequence[Attachment]) -> None:
    """Take back files of that person's that are on no blog. What the store does not delete now is swept."""
    with database.write() as db:
        queries.forget(db, uploader_id, [each.id for each in attachments])
    with suppress(StoreError):
        for attachment in attachments:
            store.delete(attachment.key)


def _inspected(
    database: Database, images: ImageServer, attachment: Attachment, part_checksums: Sequence[str]
) -> Attachment:
    """The attachment as this look at it, or one that was quicker, has found it. Raises NotUploaded."""
    image = refusal = None
    try:
        image = _inspect(images, attachment, part_checksums)
    except NotAsDeclared as error:
        refusal = str(error)
    except NotUploaded:
        attachment = _own(database, attachment.uploader_id, attachment.id)
        if not attachment.is_settled:
            raise
        return attachment
    with database.write() as db:
        attachment = queries.record_finding(db, attachment.uploader_id, attachment.id, image, refusal)
    if attachment.refusal:
        # After its row, so that nobody finds a pending file that has vanished. Sweeping deletes what is left.
        with suppress(StoreError):
            images.store.delete(attachment.key)
    return attachment


def _inspect(images: ImageServer, attachment: Attachment, part_checksums: Sequence[str]) -> ImageInfo | None:
    """The image in what the store has, if it should be one. Raises NotUploaded or NotAsDeclared."""
    if attachment.upload_id and images.store.head(attachment.key) is None:
        _join_parts(images.store, attachment, part_checksums)
    found = images.store.head(attachment.key)
    if found is None:
        raise NotUploaded
    if found != ObjectInfo(attachment.size, attachment.content_type, attachment.sha256):
        raise NotAsDeclared
    if not is_image(attachment.content_type):
        return None
    try:
        return images.inspect(attachment.key, attachment.content_type, attachment.uploader_id)
    except (NotAnImage, TooLarge) as error:
        raise NotAsDeclared(str(error)) from None
    except ObjectNotFound as error:
        # Refused, and deleted, by another who asked at the same moment.
        raise NotUploaded from error


def _join_parts(store: Store, attachment: Attachment, part_checksums: Sequence[str]) -> None:
    if composite(part_checksums) != attachment.sha256:
        raise NotUploaded
    # Whoever asks at the same moment may have joined them already: what the store has then decides.
    with suppress(UploadNotFound, AlreadyStored, WrongParts):
        store.complete_multipart(attachment.key, attachment.upload_id or "", part_checksums)


def _own(database: Database, uploader_id: int, attachment_id: int) -> Attachment:
    with database.read() as db:
        return queries.uploaded_by(db, uploader_id, attachment_id)


def _document(upload: Upload) -> dict[str, Any]:
    return {"url": upload.url, "method": upload.method, "headers": dict(upload.headers)}
