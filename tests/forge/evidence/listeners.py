"""Where a process is listened to: SQLAlchemy, calls to other servers, its log, and the exceptions that Flask handles.

Of the libraries only those that the app has imported are touched. Nothing is noted outside a request.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, wraps
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import Any

from .record import CURRENT, Asked, Logged, Request, now

MOST_FRAMES = 5
# Or an INSERT of many rows would fill the page.
MOST_PARAMETERS = 20
HARNESS = str(Path(__file__).parents[1])
HERE = str(Path.cwd())
# Where a connection and an execution keep what was asked through them.
OURS = "forge_asked"

# Called before; what it returns is called after, with the result or the exception.
Note = Callable[..., Callable[[Any], None] | None]


def listen() -> None:
    """From now on note in the current request what is asked, logged and raised."""
    _wrap(HTTPConnection, "putrequest", _note_call)
    _wrap(HTTPConnection, "getresponse", _note_answer)
    _wrap(logging.Logger, "handle", _note_log)
    _follow_into_threads()
    if flask := sys.modules.get("flask"):
        _wrap(flask.Flask, "handle_user_exception", note_exception)
        _wrap(flask.Flask, "dispatch_request", _note_view)
    if redis := sys.modules.get("redis"):
        _wrap(redis.Redis, "execute_command", _note_command)
    if "sqlalchemy" in sys.modules:
        _listen_to_sql()


def _wrap(owner: type, name: str, note: Note) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        after = None
        if request := CURRENT.get():
            with suppress(Exception):
                after = note(request, self, *arguments)
        if after is None:
            return original(self, *arguments, **options)
        try:
            result = original(self, *arguments, **options)
        except Exception as error:
            with suppress(Exception):
                after(error)
            raise
        with suppress(Exception):
            after(result)
        return result

    setattr(owner, name, wrapped)


def _follow_into_threads() -> None:
    """What a request has others do for it, in an executor's threads, is of that request."""
    submit: Any = ThreadPoolExecutor.submit

    @wraps(submit)
    def followed(self: ThreadPoolExecutor, task: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        if request := CURRENT.get():
            return submit(self, _within, request, task, *arguments, **options)
        return submit(self, task, *arguments, **options)

    ThreadPoolExecutor.submit = followed  # type: ignore[method-assign,assignment]


def _within(request: Request, task: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    token = CURRENT.set(request)
    try:
        return task(*arguments, **options)
    finally:
        CURRENT.reset(token)


def _note_call(request: Request, connection: HTTPConnection, method: str, url: str, *_: Any) -> None:
    path = url.partition("?")[0]
    asked = Asked("call", f"{method} {connection.host}:{connection.port}{path}", stack=_stack())
    request.asked.append(asked)
    vars(connection)[OURS] = asked


def _note_answer(request: Request, connection: HTTPConnection) -> Callable[[Any], None] | None:
    asked: Asked | None = vars(connection).pop(OURS, None)
    if asked is None:
        return None
    return lambda answer: asked.answered(str(getattr(answer, "status", type(answer).__name__)))


def _note_command(request: Request, client: object, command: Any, *arguments: Any) -> Callable[[Any], None]:
    # A script comes before the keys that it is about, and their number.
    keys = arguments[2 : 2 + int(arguments[1])] if command in ("EVAL", "EVALSHA") else arguments[:1]
    asked = Asked("redis", " ".join(map(str, (command, *keys))), stack=_stack())
    request.asked.append(asked)
    return lambda answer: asked.answered(type(answer).__name__ if isinstance(answer, Exception) else "")


def _note_log(request: Request, logger: logging.Logger, record: logging.LogRecord) -> None:
    raised = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
    text = "\n".join(filter(None, [f"{record.name}: {record.getMessage()}", raised]))
    request.log.append(Logged(now(), record.levelname.lower(), text))


def note_exception(request: Request, app: object, error: BaseException) -> None:
    """Keep the traceback, which counts if the answer is a failure; a refusal that the app raises has a status."""
    if getattr(error, "code", None) is None:
        request.traceback = "".join(traceback.format_exception(error))


def _note_view(request: Request, app: Any, *_: Any) -> None:
    request.view = module_of_view(app)


def module_of_view(app: Any) -> str:
    """The module of the view that answers the request that Flask is at, or nothing."""
    from flask import request

    rule = request.url_rule
    return app.view_functions[rule.endpoint].__module__ if rule else ""


def _listen_to_sql() -> None:
    from sqlalchemy import Engine, event

    def begun(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if request := CURRENT.get():
            with suppress(Exception):
                asked = Asked("sql", statement, parameters=_shapes(parameters, many), stack=_stack())
                request.asked.append(asked)
                vars(context)[OURS] = asked

    def done(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        with suppress(Exception):
            if asked := vars(context).pop(OURS, None):
                asked.answered()
                # Some drivers do not count what they have not read yet.
                asked.rows = cursor.rowcount if cursor.rowcount >= 0 else None

    def failed(error: Any) -> None:
        with suppress(Exception):
            if asked := vars(error.execution_context).pop(OURS, None):
                asked.answered(type(error.original_exception).__name__)

    def ended(word: str) -> Callable[[Any], None]:
        def note(connection: Any) -> None:
            if request := CURRENT.get():
                request.asked.append(Asked("sql", word, ms=0))

        return note

    event.listen(Engine, "before_cursor_execute", begun)
    event.listen(Engine, "after_cursor_execute", done)
    event.listen(Engine, "handle_error", failed)
    event.listen(Engine, "commit", ended("COMMIT"))
    event.listen(Engine, "rollback", ended("ROLLBACK"))


def _shapes(parameters: Any, many: bool) -> list[str]:
    rows = list(parameters) if many else [parameters]
    first = rows[0] if rows else ()
    shapes = [_shape(value) for value in (first.values() if isinstance(first, dict) else first)]
    return [*shapes[:MOST_PARAMETERS], *(["…"] if len(shapes) > MOST_PARAMETERS else []), *_times(len(rows))]


def _times(rows: int) -> list[str]:
    return [f"{rows} times"] if rows != 1 else []


def _shape(value: Any) -> str:
    name = type(value).__name__
    return f"{name} {len(value)}" if isinstance(value, str | bytes) else name


def _stack() -> list[str]:
    """The lines of the app's own code that are being run, the innermost first."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and len(found) < MOST_FRAMES:
        if file := _own(frame.f_code.co_filename):
            found.append(f"{file}:{frame.f_lineno} {frame.f_code.co_qualname}")
        frame = frame.f_back
    return found


@cache
def _own(file: str) -> str | None:
    """The app's own file as seen from where the server runs; None for a library's, and for one of ours."""
    own = file.startswith(f"{HERE}/") and "site-packages" not in file and not file.startswith(HARNESS)
    return file.removeprefix(f"{HERE}/") if own and file.endswith(".py") else None
