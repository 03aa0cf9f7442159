"""The log, on standard output: lines of JSON in production, readable ones in development.

Every line has the time, the level, the process and the logger, and within a request what `note` was told of it.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError, to_json
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

of_request: ContextVar[dict[str, object] | None] = ContextVar("of_request", default=None)

# As a presigned address, or that of a login, has its secrets.
_QUERY = re.compile(r"\?[^\s'\"<>()]*=[^\s'\"<>()]*")

_chain: list[Processor] = []
# What gunicorn.conf.py adds to its lines, and the cache's breakers to theirs.
_OURS = structlog.stdlib.ExtraAdder(allow=("release", "settings", "dependency", "reason", "open_seconds"))


class LossyLogger:
    """Loses the lines that cannot be written: a full disk costs these, and no answers.

    A line is one write, so that those of other threads and processes are beside it and not in it.
    """

    def __init__(self, name: str = "app") -> None:
        self.name = name

    def msg(self, message: str) -> None:
        with suppress(OSError):
            os.write(sys.stdout.fileno(), f"{message}\n".encode(errors="backslashreplace"))

    debug = info = warning = error = critical = msg


def note(**fields: object) -> None:
    """Have every further line of this request say this too."""
    noted = of_request.get()
    if noted is not None:
        noted.update(fields)


def without_queries(text: str) -> str:
    """The text, where each address ends before its query."""
    return _QUERY.sub("?…", text)


def configure(*, production: bool) -> None:
    """Have structlog's loggers write so."""
    colors = not production and sys.stdout.isatty()
    # In place: loggers that have written already keep the list.
    _chain[:] = [*LINE, _renderer() if production else structlog.dev.ConsoleRenderer(colors=colors)]
    structlog.configure(
        processors=_chain,
        logger_factory=LossyLogger,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def standard_logging() -> dict[str, Any]:
    """A configuration by which gunicorn, and every library that logs or warns, writes the same lines of JSON."""
    line = {
        "()": ProcessorFormatter,
        "foreign_pre_chain": [structlog.stdlib.add_logger_name, _OURS, _foreign, *LINE],
        "processors": [ProcessorFormatter.remove_processors_meta, _renderer()],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"log": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
        "root": {"level": "WARNING", "handlers": ["log"]},
        "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["log"], "propagate": False}},
    }


def _renderer() -> Processor:
    return structlog.processors.JSONRenderer(serializer=_as_json)


def _as_json(event: EventDict, default: Callable[[object], object]) -> str:
    try:
        return to_json(event, ensure_ascii=True, fallback=default).decode()
    except PydanticSerializationError:
        # Half a pair of UTF-16, as in a path's undecodable bytes.
        return json.dumps(event, default=default)


def _with_request(logger: LossyLogger | None, _method: str, event: EventDict) -> EventDict:
    return {"logger": logger and logger.name, "pid": os.getpid(), **(of_request.get() or {}), **event}


def _without_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    if "exception" in event:
        event["exception"] = without_queries(event["exception"])
    return event


def _foreign(_logger: object, _method: str, event: EventDict) -> EventDict:
    # A library says what it was asked for, and gunicorn which address failed.
    told = {name: without_queries(str(event[name])) for name in ("event", "reason") if name in event}
    return {**event, **told}


LINE: list[Processor] = [
    _with_request,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.format_exc_info,
    _without_secrets,
]
