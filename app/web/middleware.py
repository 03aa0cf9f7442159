"""What every request and every answer passes through, also those that Flask never sees: id, headers, access line."""

import re
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from flask import request

from app.web.bodies import Body
from app.web.health import PATHS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "inkwell.request_id"
SOCKET = "gunicorn.socket"
USABLE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

Headers = list[tuple[str, str]]

logger = structlog.get_logger("app.access")


class Middleware:
    """Gives each request an id, each answer its id and the headers that it lacks of those given, and logs a line."""

    def __init__(self, serve: "WSGIApplication", headers: Headers) -> None:
        self._serve, self._headers = serve, headers

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started, statuses = time.perf_counter(), ["500"]
        request_id = environ[REQUEST_ID] = _request_id(environ)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if SOCKET in environ and ("CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ):
            environ["wsgi.input"] = Body(environ["wsgi.input"], environ[SOCKET])

        def start(status: str, headers: Headers, *error: Any) -> Any:
            statuses.append(status)
            return start_response(status, [*self._completed(status, headers), ("X-Request-ID", request_id)], *error)

        try:
            return self._serve(environ, start)
        finally:
            if environ["PATH_INFO"] not in PATHS:
                _log(environ, statuses[-1], time.perf_counter() - started)

    def _completed(self, status: str, headers: Headers) -> Headers:
        if status >= "4":
            headers = [header for header in headers if header[0] != "Cache-Control"] + [("Cache-Control", "no-store")]
        names = {name for name, _ in headers}
        more = [header for header in self._headers if header[0] not in names]
        if "Cache-Control" not in names and [value for name, value in headers if name == "Vary" and "Cookie" in value]:
            # It was made for whoever has this session.
            more.append(("Cache-Control", "private, no-cache"))
        return headers + more


def request_id() -> str:
    """This request's id: the caller's own, if it sent a usable one."""
    return str(request.environ[REQUEST_ID])


def _request_id(environ: "WSGIEnvironment") -> str:
    sent: str = environ.get("HTTP_X_REQUEST_ID", "")
    return sent if USABLE.fullmatch(sent) else secrets.token_hex(8)


def _log(environ: "WSGIEnvironment", status: str, seconds: float) -> None:
    # The path without its query: queries carry login codes and presigned signatures.
    path = environ["PATH_INFO"].encode("latin1").decode(errors="replace")
    ms = round(seconds * 1000, 1)
    logger.info("request", method=environ["REQUEST_METHOD"], path=path, status=int(status[:3]), ms=ms)
