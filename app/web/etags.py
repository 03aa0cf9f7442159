"""Answers that the browser has already (RFC 9110, 8.8.3 and 13.1.2)."""

from flask import Response, request


def is_known(etag: str) -> bool:
    """Whether the browser has the answer with that ETag, which is in its quotes."""
    # The header is a list, and a proxy that compresses makes each tag a weak one: ours is in it as it is, or not.
    return etag in request.environ.get("HTTP_IF_NONE_MATCH", "")


def not_modified(etag: str) -> Response:
    return tagged(Response(status=304), etag)


def tagged(response: Response, etag: str) -> Response:
    response.headers.add("ETag", etag)
    return response
