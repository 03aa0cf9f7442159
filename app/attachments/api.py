"""Attachments by JSON: declare a file, send it straight to the store, and say that it is there."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.attachments import queries, uploads
from app.attachments.access import visible_to
from app.attachments.documents import AttachmentDocument, BegunUpload, BegunUploadInParts, DownloadAddress, SignedUpload
from app.attachments.forms import Declaration, Finish, PartDeclaration
from app.attachments.links import DOWNLOAD_SECONDS, download_url
from app.attachments.models import Attachment
from app.auth.guard import current_user
from app.current import database
from app.images.current import images
from app.storage.current import store
from app.web.idempotency import header_key
from app.web.openapi import answers
from app.web.validation import read_json

blueprint = Blueprint("attachments_api", __name__, url_prefix="/api/attachments")


@blueprint.post("")
@answers(BegunUpload | BegunUploadInParts, 201, body=Declaration, keyed=True)
def create() -> ResponseReturnValue:
    """Declare a file, and learn how to send it."""
    declaration = read_json(Declaration)
    return jsonify(uploads.begin(database(), store(), current_user().id, declaration, header_key())), 201


@blueprint.get("/<id:attachment_id>")
@answers(AttachmentDocument)
def show(attachment_id: int) -> ResponseReturnValue:
    """What the server knows of the caller's own file, and of an upload in parts, the parts that are there."""
    attachment = _own(attachment_id)
    document = _document(attachment)
    if attachment.upload_id and not attachment.is_settled:
        document["parts"] = [asdict(part) for part in uploads.arrived_parts(store(), attachment)]
    return jsonify(document)


@blueprint.post("/<id:attachment_id>/parts")
@answers(SignedUpload, body=PartDeclaration)
def sign_part(attachment_id: int) -> ResponseReturnValue:
    """Learn how to send one part of a large file."""
    part = read_json(PartDeclaration)
    return jsonify(uploads.sign_part(store(), _own(attachment_id), part))


@blueprint.post("/<id:attachment_id>/finish")
@answers(AttachmentDocument, body=Finish, raises=[uploads.NotUploaded])
def finish(attachment_id: int) -> ResponseReturnValue:
    """Say that the file has been sent: the server looks at it."""
    finished = read_json(Finish)
    return jsonify(_document(uploads.finish(database(), images(), current_user().id, attachment_id, finished.parts)))


@blueprint.get("/<id:attachment_id>/url")
@answers(DownloadAddress)
def url(attachment_id: int) -> ResponseReturnValue:
    """A signed address of a file that one may see."""
    file = visible_to(database(), current_user(), attachment_id)
    return jsonify({"file_url": download_url(images(), file, current_user().id), "expires_in": DOWNLOAD_SECONDS})


def _own(attachment_id: int) -> Attachment:
    with database().read() as db:
        return queries.uploaded_by(db, current_user().id, attachment_id)


def _document(attachment: Attachment) -> dict[str, Any]:
    names = ("id", "key", "filename", "content_type", "size", "sha256", "state", "width", "height", "uploader_id")
    document = {name: getattr(attachment, name) for name in names}
    return document | {"finished_at": attachment.finished_at and attachment.finished_at.isoformat()}
