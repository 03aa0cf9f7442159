"""The application under test, with a clock that tests may move, and recorded: `gunicorn forge.wrapped:app`.

FORGE_APPLICATION names the application, as gunicorn would have it. FORGE_CLOCK is a file: it holds how many seconds the
server's time is ahead, and is asked at each request. FORGE_RECORD is the file of `evidence.recorder`. The application
itself knows nothing of it.
"""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import time_machine
from gunicorn.util import import_app

from .evidence.recorder import Wsgi, recorded


class Clock:
    """This process's time, as the file says: `time` and `datetime` are ahead, `monotonic` is not."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0.0
        self._travel: time_machine.travel | None = None
        self._lock = Lock()

    def follow(self) -> None:
        try:
            ahead = float(self._file.read_text() or 0)
        except OSError:
            ahead = 0.0
        if ahead != self._ahead:
            with self._lock:
                self._move(ahead)

    def _move(self, ahead: float) -> None:
        if self._travel:
            self._travel.stop()
            self._travel = None
        if ahead:
            self._travel = time_machine.travel(timedelta(seconds=ahead))
            self._travel.start()
        self._ahead = ahead


_clock = Clock(Path(os.environ.get("FORGE_CLOCK", os.devnull)))
_wrapped: Wsgi = import_app(os.environ["FORGE_APPLICATION"])
if _record := os.environ.get("FORGE_RECORD"):
    _wrapped = recorded(_wrapped, Path(_record))


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    _clock.follow()
    return _wrapped(environ, start_response)
