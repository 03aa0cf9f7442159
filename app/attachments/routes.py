"""Files as people see them."""

from collections.abc import Callable
from typing import Any, BinaryIO

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from app.attachments.access import VisibleFile, visible_to
from app.attachments.forms import RULES
from app.attachments.links import download_url
from app.attachments.models import fingerprint
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.auth.guard import current_user
from app.current import database
from app.errors import NotFound
from app.images.current import images
from app.images.server import VARIANT_TYPE, VARIANT_WIDTHS, is_image
from app.storage.routes import SANDBOX, stream_file
from app.web.etags import is_known, not_modified

blueprint = Blueprint("attachments", __name__)


@blueprint.app_template_global("upload_rules")
def upload_rules() -> dict[str, Any]:
    return RULES


@blueprint.app_template_global("variant_widths")
def variant_widths() -> tuple[int, ...]:
    return VARIANT_WIDTHS


@blueprint.get("/attachments/<id:attachment_id>")
def show(attachment_id: int) -> ResponseReturnValue:
    """The image, or one of its smaller variants by `?w=`; any other file as a download from the store.

    With its fingerprint as `?v=` the address is of this content alone, and what is kept of it needs no second look.
    """
    width = _width()
    file = visible_to(database(), current_user(), attachment_id)
    if not is_image(file.content_type):
        return redirect(download_url(images(), file, current_user().id), 303)
    response = _image(file, width)
    if request.args.get("v") == fingerprint(file.sha256):
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _width() -> int | None:
    wanted = request.args.get("w")
    if wanted is not None and wanted not in map(str, VARIANT_WIDTHS):
        raise NotFound(NO_SUCH_ATTACHMENT)
    return int(wanted) if wanted else None


def _image(file: VisibleFile, width: int | None) -> Response:
    """Only the uploader gets the original: what others see is made from its pixels, without EXIF."""
    if width is None and file.uploader_id == current_user().id:
        return _shown(lambda: images().original(file.key), file.content_type, file.sha256)
    wanted, user_id = width or max(VARIANT_WIDTHS), current_user().id
    return _shown(lambda: images().variant(file.key, wanted, user_id), VARIANT_TYPE, f"{file.sha256}-{wanted}")


def _shown(opened: Callable[[], BinaryIO], content_type: str, etag: str) -> Response:
    # Who has it already is answered without a look at the body, which may have to be fetched or made.
    quoted = f'"{etag}"'
    response = not_modified(quoted) if is_known(quoted) else stream_file(opened(), content_type, etag)
    # With a 304 the browser takes over these headers for what it has.
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Content-Disposition"] = "inline"
    return response
