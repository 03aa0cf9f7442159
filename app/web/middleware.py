"""What every request and every answer passes through, also those that Flask never sees: id, headers, access line."""

import re
import secrets
import time
from collections.abc import Iterable, Sequence
from itertools import count
from threading import get_ident
from typing import TYPE_CHECKING, Any

import structlog
from flask import request

from app.log import of_request
from app.web.bodies import Body
from app.web.client_address import client_address
from app.web.health import PATHS
from app.web.metrics import count_wait, observe_request
from app.web.queueing import LONG_WAIT, seconds_in_line
from app.web.slow import Running, slow_requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "inkwell.request_id"
SOCKET = "gunicorn.socket"
USABLE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

# What ids are made of. They tell requests apart and open nothing, so that they may be guessed.
PROCESS, NUMBERS = secrets.token_hex(5), count(1)

Headers = list[tuple[str, str]]

logger = structlog.get_logger("app.access")


class Middleware:
    """Gives each request an id, each answer its id and the headers that it lacks of those given, and logs a line."""

    def __init__(self, serve: "WSGIApplication", headers: Headers, *, proxy_hops: int) -> None:
        self._serve, self._headers, self._hops = serve, headers, proxy_hops

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started, thread = time.perf_counter(), get_ident()
        said: list[Any] = ["500", {}, None]
        request_id = environ[REQUEST_ID] = f"{PROCESS}{next(NUMBERS):06x}"
        noted: dict[str, object] = {"request_id": request_id, "client": client_address(environ, self._hops)}
        sent: str = environ.get("HTTP_X_REQUEST_ID", "")
        if sent and USABLE.fullmatch(sent):
            request_id = noted["client_request_id"] = sent
        of_request.set(noted)
        if (waited := seconds_in_line(environ)) >= LONG_WAIT:
            noted["waited_ms"] = round(waited * 1000)
            count_wait(waited)
        slow_requests.running[thread] = Running(started, environ, noted)
        if not slow_requests.watched:
            slow_requests.watch()
        if SOCKET in environ and ("CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ):
            environ["wsgi.input"] = Body(environ["wsgi.input"], environ[SOCKET])

        def start(status: str, headers: Headers, *error: Any) -> Any:
            # Flask forgets its request when it is done.
            names, asked = dict(headers), environ.get("werkzeug.request")
            said[:] = status, names, asked and asked.endpoint
            completed = [*self._completed(status, headers, names), ("X-Request-ID", request_id)]
            return start_response(status, completed, *error)

        try:
            return self._serve(environ, start)
        finally:
            if environ["PATH_INFO"] not in PATHS:
                _log(environ, said, time.perf_counter() - started)
            slow_requests.running.pop(thread, None)
            of_request.set(None)

    def _completed(self, status: str, headers: Headers, names: dict[str, str]) -> Headers:
        if status >= "4":
            headers = [header for header in headers if header[0] != "Cache-Control"] + [("Cache-Control", "no-store")]
        more = [header for header in self._headers if header[0] not in names]
        if "Cache-Control" not in names and [value for name, value in headers if name == "Vary" and "Cookie" in value]:
            # It was made for whoever has this session.
            more.append(("Cache-Control", "private, no-cache"))
        return headers + more


def request_id() -> str:
    """This request's id, by which its lines in the log are found."""
    return str(request.environ[REQUEST_ID])


def _log(environ: "WSGIEnvironment", said: Sequence[Any], seconds: float) -> None:
    # The path without its query: queries carry login codes and presigned signatures.
    path = environ["PATH_INFO"].encode("latin1").decode(errors="replace")
    status, headers, route = said
    observe_request(route or "none", status[:3], seconds)
    logger.info(
        "request",
        method=environ["REQUEST_METHOD"],
        path=path,
        route=route,
        status=int(status[:3]),
        ms=round(seconds * 1000, 1),
        bytes=0 if environ["REQUEST_METHOD"] == "HEAD" else int(headers.get("Content-Length", 0)),
    )
