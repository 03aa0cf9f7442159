"""What a server does for each request, written down beside the application, which knows nothing of it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .listeners import listen, note_exception
from .record import CURRENT, Request, now
from .scrub import masked_query

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HEADERS = {"x-request-id": "id", "x-cache": "cache", "server-timing": "timing", "location": "location"}


def recorded(app: Wsgi, file: Path) -> Wsgi:
    """The same application, which appends one JSON line to the file for each request: a `record.Request`.

    Several processes may share the file. What goes wrong in recording changes no answer.
    """
    listen()
    output = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _begun(environ)
        CURRENT.set(request)

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            _note(request, status, headers)
            return start_response(status, headers, *rest)

        try:
            answer = app(environ, begin)
        except BaseException as error:
            note_exception(request, None, error)
            _write(output, request)
            raise
        # A server sends a file without reading it, and must know it again.
        is_file = isinstance(answer, environ.get("wsgi.file_wrapper") or ())
        if is_file:
            _write(output, request)
            return answer
        return _Body(answer, lambda: _write(output, request))

    return call


def _begun(environ: dict[str, Any]) -> Request:
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode(errors="replace")
    return Request(
        method=str(environ.get("REQUEST_METHOD", "")),
        path=path,
        query=masked_query(str(environ.get("QUERY_STRING", ""))),
        cookies=[each.partition("=")[0].strip() for each in str(environ.get("HTTP_COOKIE", "")).split(";") if each],
    )


def _note(request: Request, status: str, headers: list[tuple[str, str]]) -> None:
    with suppress(Exception):
        request.status = int(status[:3])
        for name, value in headers:
            if known := HEADERS.get(name.lower()):
                setattr(request, known, value)
            elif name.lower() == "set-cookie":
                pair, semicolon, attributes = value.partition(";")
                request.sets.append(f"{pair.partition('=')[0]}{semicolon}{attributes}")
        path, question, query = request.location.partition("?")
        request.location = path + (masked_query(query) if question else "")


def _write(output: int, request: Request) -> None:
    CURRENT.set(None)
    with suppress(Exception):
        request.ms = round(now() - request.start, 2)
        if 0 < request.status < 500:
            request.traceback = ""
        # One write for a line: other workers append to the same file.
        os.write(output, request.line())


class _Body:
    """An answer's body, and what is to be done once it was sent."""

    def __init__(self, body: Iterable[bytes], then: Callable[[], None]) -> None:
        self._body = body
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._then()
