"""Attachments by JSON: declare a file, send it straight to the store, and say that it is there."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.attachments import queries
from app.attachments.access import visible_to
from app.attachments.files import DOWNLOAD_SECONDS, UPLOAD_SECONDS, VARIANT_TYPE, NotAsDeclared, NotUploaded
from app.attachments.forms import PART_BYTES, Declaration, Finish, PartDeclaration, is_image, part_count, part_size
from app.attachments.models import READY, Attachment
from app.auth.guard import logged_in
from app.current import database, files
from app.errors import Invalid, NotFound
from app.storage.disposition import Disposition
from app.storage.store import StoreError, Upload
from app.web.validation import read_json

blueprint = Blueprint("attachments_api", __name__, url_prefix="/api/attachments")


@blueprint.post("")
def create() -> ResponseReturnValue:
    declaration = read_json(Declaration)
    if problems := declaration.problems():
        raise Invalid(problems)
    with database().write() as db:
        attachment = queries.declare(db, logged_in().id, declaration)
    answer: dict[str, Any] = {"id": attachment.id, "key": attachment.key, "expires_in": UPLOAD_SECONDS}
    if not declaration.in_parts:
        return jsonify(answer | _request(_presigned(attachment))), 201
    upload_id = files().store.create_multipart(attachment.key, attachment.content_type)
    with database().write() as db:
        queries.keep_upload_id(db, logged_in().id, attachment.id, upload_id)
    return jsonify(answer | {"part_size": PART_BYTES, "parts": part_count(attachment.size)}), 201


@blueprint.get("/<id:attachment_id>")
def show(attachment_id: int) -> ResponseReturnValue:
    """What the server knows of the caller's own file, and of an upload in parts, the parts that are there."""
    attachment = _own(attachment_id)
    document = _document(attachment)
    if attachment.upload_id and not _is_settled(attachment):
        document["parts"] = [asdict(part) for part in files().parts(attachment)]
    return jsonify(document)


@blueprint.post("/<id:attachment_id>/parts")
def presign_part(attachment_id: int) -> ResponseReturnValue:
    part = read_json(PartDeclaration)
    attachment = _own(attachment_id)
    if attachment.upload_id is None or _is_settled(attachment):
        raise NotFound(queries.NO_SUCH_ATTACHMENT)
    if part.number > part_count(attachment.size):
        raise Invalid({"number": f"There are {part_count(attachment.size)} parts"})
    size = part_size(attachment.size, part.number)
    upload = files().store.presign_part(
        attachment.key, attachment.upload_id, part.number, size=size, sha256=part.sha256, expires_in=UPLOAD_SECONDS
    )
    return jsonify({"expires_in": UPLOAD_SECONDS} | _request(upload))


@blueprint.post("/<id:attachment_id>/finish")
def finish(attachment_id: int) -> ResponseReturnValue:
    """Look at what the store has. The first finding stands: asking again gives the same answer."""
    finished = read_json(Finish)
    attachment = _own(attachment_id)
    if not _is_settled(attachment):
        attachment = _settled(attachment, finished.parts)
    if attachment.refusal:
        raise Invalid({"file": attachment.refusal})
    return jsonify(_document(attachment))


@blueprint.get("/<id:attachment_id>/url")
def url(attachment_id: int) -> ResponseReturnValue:
    with database().read() as db:
        attachment = visible_to(db, logged_in(), attachment_id)
    return jsonify({"file_url": download_url(attachment), "expires_in": DOWNLOAD_SECONDS})


def download_url(attachment: Attachment) -> str:
    """A signed address of the file; for an image and anybody but its uploader, of a copy without EXIF."""
    if not is_image(attachment.content_type):
        return _signed(attachment.key, attachment.filename, attachment.content_type, "attachment")
    if attachment.uploader_id == logged_in().id:
        return _signed(attachment.key, attachment.filename, attachment.content_type, "inline")
    name = f"{attachment.filename.rpartition('.')[0] or attachment.filename}.webp"
    return _signed(files().shared_copy(attachment), name, VARIANT_TYPE, "inline")


def _signed(key: str, filename: str, content_type: str, disposition: Disposition) -> str:
    return files().store.presign_get(key, filename, content_type, disposition=disposition, expires_in=DOWNLOAD_SECONDS)


def _own(attachment_id: int) -> Attachment:
    with database().read() as db:
        return queries.uploaded_by(db, logged_in().id, attachment_id)


def _is_settled(attachment: Attachment) -> bool:
    return attachment.state == READY or attachment.refusal is not None


def _settled(attachment: Attachment, part_checksums: Sequence[str]) -> Attachment:
    """The attachment as this look at it, or one that was quicker, has found it. Raises NotUploaded."""
    image = refusal = None
    try:
        image = files().inspect(attachment, part_checksums)
    except NotAsDeclared as error:
        refusal = str(error)
    except NotUploaded:
        attachment = _own(attachment.id)
        if not _is_settled(attachment):
            raise
        return attachment
    with database().write() as db:
        attachment = queries.settle(db, logged_in().id, attachment.id, image, refusal)
    if attachment.refusal:
        # After its row, so that nobody finds a pending file that has vanished. Sweeping deletes what is left.
        with suppress(StoreError):
            files().store.delete(attachment.key)
    return attachment


def _presigned(attachment: Attachment) -> Upload:
    return files().store.presign_put(
        attachment.key,
        attachment.content_type,
        size=attachment.size,
        sha256=attachment.sha256,
        expires_in=UPLOAD_SECONDS,
    )


def _request(upload: Upload) -> dict[str, Any]:
    return {"url": upload.url, "method": upload.method, "headers": dict(upload.headers)}


def _document(attachment: Attachment) -> dict[str, Any]:
    names = ("id", "key", "filename", "content_type", "size", "sha256", "state", "width", "height", "uploader_id")
    document = {name: getattr(attachment, name) for name in names}
    return document | {"finished_at": attachment.finished_at and attachment.finished_at.isoformat()}
