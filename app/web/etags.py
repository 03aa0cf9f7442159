"""Answers that the browser has already (RFC 9110, 8.8.3 and 13.1.2)."""

from flask import Response, request


def is_known(etag: str) -> bool:
    """Whether the browser has the answer with that ETag, which is in its quotes."""
    sent = request.environ.get("HTTP_IF_NONE_MATCH", "")
    # A list of tags, before which a proxy that compresses has put `W/`: quotes and all, ours is a part of it.
    return etag in sent or sent == "*"


def not_modified(etag: str) -> Response:
    return tagged(Response(status=304), etag)


def tagged(response: Response, etag: str) -> Response:
    response.headers.add("ETag", etag)
    return response
