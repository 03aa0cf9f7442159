"""What a person sends to be imported, on the disk and not in memory."""

import tempfile
from contextlib import ExitStack
from functools import partial
from typing import Any, BinaryIO, cast

from flask import Response, request
from werkzeug.formparser import FormDataParser

from app.account.archives import MAX_IMPORT_BYTES, Brought, BroughtFiles, BroughtZip, is_zip
from app.current import settings
from app.errors import InkwellError, Invalid
from app.web.bodies import hang_up
from app.web.middleware import SOCKET

# Each is an open file.
MAX_FILES = 300
NOTHING = "Choose a zip, or files of Markdown"


class NoRoom(InkwellError):
    """The disk has no room for what is sent."""

    status = 503
    sentence = "There is no room for what you send at the moment. Please try again later."


def read_brought(held: ExitStack) -> Brought:
    """What the form brings, in files that are gone when `held` is closed, or the worker ends.

    Raises Invalid, NoRoom, TooSlow, or 413 for too much of it.
    """

    def on_disk(*_: Any, **__: Any) -> BinaryIO:
        # The system's own place may be memory.
        return cast(BinaryIO, held.enter_context(tempfile.TemporaryFile(dir=settings().instance_dir)))

    request.max_content_length = MAX_IMPORT_BYTES
    parser = FormDataParser(on_disk, max_content_length=MAX_IMPORT_BYTES, max_form_parts=MAX_FILES)
    try:
        _, _, sent = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    except OSError:
        raise NoRoom from None
    files: list[tuple[str, BinaryIO]] = [
        (file.filename, cast(BinaryIO, file.stream)) for each in sent.listvalues() for file in each if file.filename
    ]
    if not files:
        raise Invalid({"import": NOTHING})
    [name, first] = files[0]
    return BroughtZip(first) if len(files) == 1 and is_zip(name) else BroughtFiles(files)


def hang_up_after_refusal(response: Response) -> Response:
    """Have the server not wait for a body that nobody reads."""
    connection = request.environ.get(SOCKET)
    if connection and response.status_code in (429, 503):
        response.call_on_close(partial(hang_up, connection))
    return response
