"""Structured logs on standard output: JSON in production, readable lines in development; and one line a request."""

import logging
import sys
import time
from contextlib import suppress

import structlog
from flask import Flask, Response, g, request

from app.web.request_id import request_id

logger = structlog.get_logger("app.access")


class LossyLogger(structlog.PrintLogger):
    """Loses the lines that cannot be written: a full disk costs these, and no answers."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def init_app(app: Flask, *, production: bool) -> None:
    _configure(production=production)
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    if request.blueprint != "health":
        # The path without its query: queries carry login codes and presigned signatures.
        milliseconds = round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1)
        logger.info("request", method=request.method, path=request.path, status=response.status_code, ms=milliseconds)
    return response


def _configure(*, production: bool) -> None:
    renderer = (
        structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=lambda *_names: LossyLogger(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
