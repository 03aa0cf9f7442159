"""Every answer and every log line carries the request's id."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

logger = structlog.get_logger("app.access")


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """This request's id: the caller's own, if it sent a usable one."""
    if "request_id" not in g:
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", sent) else secrets.token_hex(8)
    return str(g.request_id)


def _begin() -> None:
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    if request.blueprint != "health":
        # The path without its query: queries carry login codes and presigned signatures.
        milliseconds = round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1)
        logger.info("request", method=request.method, path=request.path, status=response.status_code, ms=milliseconds)
    return response
