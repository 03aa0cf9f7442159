"""The addresses that the disk store signs, and a stored file as an answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import BoundedSemaphore
from typing import BinaryIO

from flask import Blueprint, Response, after_this_request, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper, wrap_file

from app.errors import NotFound
from app.storage.current import store
from app.storage.disk import DiskStore
from app.storage.readers import Slice
from app.storage.store import MAX_FILE_BYTES, PART_BYTES, StoreError
from app.web.bodies import hang_up
from app.web.marks import signed
from app.web.middleware import SOCKET

CHUNK = 64 * 1024
# Half of a worker's threads: the others are for who wants to read meanwhile.
UPLOADS_AT_ONCE = 4
_places = BoundedSemaphore(UPLOADS_AT_ONCE)

blueprint = Blueprint("store", __name__, url_prefix="/store")


class TooManyUploads(StoreError):
    """There are as many uploads under way as this worker takes."""

    sentence = "There are too many uploads at the moment. Please try again in a moment."


# What people upload is shown as a picture or not at all: as a page of its own it may do nothing.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


@blueprint.get("/<path:key>")
@signed
def download(key: str) -> ResponseReturnValue:
    found = _disk_store().serve(key, request.args.to_dict())
    response = stream_file(found.body, found.content_type, found.sha256)
    response.headers["Content-Disposition"] = found.disposition
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.put("/<path:key>")
@signed
def upload(key: str) -> ResponseReturnValue:
    # The signature says how long the body is, to the byte.
    request.max_content_length = MAX_FILE_BYTES
    with _place():
        try:
            _disk_store().receive(key, request.args.to_dict(), dict(request.headers), request.stream)
        except StoreError:
            _read_to_the_end()
            raise
    return "", 200


def stream_file(body: BinaryIO, content_type: str, etag: str) -> Response:
    """The body, or the one range of it that is asked for."""
    size = body.seek(0, os.SEEK_END)
    body.seek(0)
    response = Response(FileWrapper(body, CHUNK), content_type=content_type, direct_passthrough=True)
    response.content_length = size
    response.set_etag(etag)
    response.headers["Content-Security-Policy"] = SANDBOX
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    if response.status_code == 200 and isinstance(body, Slice) and body.begins_the_file:
        # The server's own wrapper, with which the kernel sends the file. A range it would read from the beginning.
        response.response = wrap_file(request.environ, body, CHUNK)
    return response


@contextmanager
def _place() -> Iterator[None]:
    """One of the few places for uploads. Raises TooManyUploads, of which the sender hears before the body is read."""
    if not _places.acquire(blocking=False):
        after_this_request(_hang_up_then)
        raise TooManyUploads
    try:
        yield
    finally:
        _places.release()


def _hang_up_then(response: Response) -> Response:
    # The server would otherwise wait for some of a body that nobody reads.
    if connection := request.environ.get(SOCKET):
        response.call_on_close(partial(hang_up, connection))
    return response


def _read_to_the_end() -> None:
    # A connection that is closed on a sender who is not done loses the answer that says why.
    left = PART_BYTES
    while left > 0 and (chunk := request.stream.read(min(left, CHUNK))):
        left -= len(chunk)


def _disk_store() -> DiskStore:
    found = store()
    if not isinstance(found, DiskStore):
        raise NotFound("There is nothing at this address.")
    return found
