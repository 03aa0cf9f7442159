"""Files as people see them, and the addresses that the disk store signs."""

import os
from collections.abc import Callable
from typing import Any, BinaryIO

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from app.attachments.access import visible_to
from app.attachments.api import download_url
from app.attachments.files import VARIANT_TYPE, VARIANT_WIDTHS
from app.attachments.forms import MAX_FILE_BYTES, PART_BYTES, RULES, is_image
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.auth.guard import logged_in
from app.current import database, files
from app.errors import NotFound
from app.storage.disk import DiskStore
from app.storage.store import StoreError
from app.web.marks import signed

CHUNK = 64 * 1024

blueprint = Blueprint("attachments", __name__)

# What people upload is shown as a picture or not at all: as a page of its own it may do nothing.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


@blueprint.app_template_global("upload_rules")
def upload_rules() -> dict[str, Any]:
    return RULES


@blueprint.get("/attachments/<id:attachment_id>")
def show(attachment_id: int) -> ResponseReturnValue:
    """The image, or one of its smaller variants by `?w=`; any other file as a download from the store.

    With its fingerprint as `?v=` the address is of this content alone, and what is kept of it needs no second look.
    Only the uploader gets the original: what others see is made from its pixels, without EXIF.
    """
    width = _width()
    with database().read() as db:
        attachment = visible_to(db, logged_in(), attachment_id)
    if not is_image(attachment.content_type):
        return redirect(download_url(attachment), 303)
    if width is None and attachment.uploader_id == logged_in().id:
        response = _image(lambda: files().original(attachment), attachment.content_type, attachment.sha256)
    else:
        wanted = width or max(VARIANT_WIDTHS)
        response = _image(lambda: files().variant(attachment, wanted), VARIANT_TYPE, f"{attachment.sha256}-{wanted}")
    if request.args.get("v") == attachment.fingerprint:
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@blueprint.get("/store/<path:key>")
@signed
def download(key: str) -> ResponseReturnValue:
    found = _disk_store().serve(key, request.args.to_dict())
    response = _stream(found.body, found.content_type, found.sha256)
    response.headers["Content-Disposition"] = found.disposition
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.put("/store/<path:key>")
@signed
def upload(key: str) -> ResponseReturnValue:
    # The signature says how long the body is, to the byte.
    request.max_content_length = MAX_FILE_BYTES
    try:
        _disk_store().receive(key, request.args.to_dict(), dict(request.headers), request.stream)
    except StoreError:
        _read_to_the_end()
        raise
    return "", 200


def _read_to_the_end() -> None:
    # A connection that is closed on a sender who is not done loses the answer that says why.
    left = PART_BYTES
    while left > 0 and (chunk := request.stream.read(min(left, CHUNK))):
        left -= len(chunk)


def _width() -> int | None:
    wanted = request.args.get("w")
    if wanted is not None and wanted not in map(str, VARIANT_WIDTHS):
        raise NotFound(NO_SUCH_ATTACHMENT)
    return int(wanted) if wanted else None


def _image(opened: Callable[[], BinaryIO], content_type: str, etag: str) -> Response:
    # Who has it already is answered without a look at the body, which may have to be fetched or made.
    known = request.if_none_match.contains_weak(etag)
    response = Response(status=304) if known else _stream(opened(), content_type, etag)
    response.set_etag(etag)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Content-Disposition"] = "inline"
    return response


def _stream(body: BinaryIO, content_type: str, etag: str) -> Response:
    """The body, or the one range of it that is asked for."""
    body.seek(0, os.SEEK_END)
    size = body.tell()
    body.seek(0)
    # Not the server's own wrapper, which reads a range from the beginning of the file.
    response = Response(FileWrapper(body, CHUNK), content_type=content_type, direct_passthrough=True)
    response.content_length = size
    response.set_etag(etag)
    response.headers["Content-Security-Policy"] = SANDBOX
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response


def _disk_store() -> DiskStore:
    store = files().store
    if not isinstance(store, DiskStore):
        raise NotFound("There is nothing at this address.")
    return store
