"""A line when a request begins to be slow: one that hangs for ever would else say nothing."""

import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from traceback import walk_stack
from types import FrameType
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SLOW_SECONDS = 2.0
LOOK_SECONDS = 0.5
INNERMOST, MOST_FRAMES = 3, 10
APP = Path(__file__).parents[1]

logger = structlog.get_logger("app.slow")


@dataclass(slots=True)
class Running:
    """A request that has begun, and what its lines say."""

    started: float
    environ: "WSGIEnvironment"
    noted: dict[str, object]
    told: bool = False


class SlowRequests:
    """The requests that run in this process, by their threads, and a thread that looks at them now and then."""

    def __init__(self) -> None:
        self.running: dict[int, Running] = {}
        self.watched = False
        self._lock = Lock()

    def watch(self) -> None:
        """Begin to look. Not at import, since a thread does not survive the fork of a worker."""
        with self._lock:
            if not self.watched:
                self.watched = True
                Thread(target=self._watch, name="slow-requests", daemon=True).start()

    def look(self) -> None:
        """Say once of each request that it is slow, and what its thread is doing."""
        for thread, request in list(self.running.items()):
            seconds = time.perf_counter() - request.started
            if seconds >= SLOW_SECONDS and not request.told:
                request.told = True
                _tell(request, seconds, sys._current_frames().get(thread))  # noqa: SLF001  documented, for this use

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()


def _tell(request: Running, seconds: float, frame: FrameType | None) -> None:
    asked = request.environ.get("werkzeug.request")
    logger.warning(
        "request is slow",
        method=request.environ["REQUEST_METHOD"],
        # As in the line of the end: without its query.
        path=request.environ["PATH_INFO"].encode("latin1").decode(errors="replace"),
        route=asked and asked.endpoint,
        ms=round(seconds * 1000),
        at=_places(frame),
        **request.noted.copy(),
    )


def _places(frame: FrameType | None) -> str:
    """Where a thread is, the innermost first: the last calls of all, and those of the app."""
    if frame is None:
        return ""
    places = []
    for depth, (each, line) in enumerate(walk_stack(frame)):
        file = Path(each.f_code.co_filename)
        if depth < INNERMOST or file.is_relative_to(APP):
            places.append(f"{'/'.join(file.parts[-2:])}:{line} {each.f_code.co_name}")
    return " < ".join(islice(places, MOST_FRAMES))


slow_requests = SlowRequests()
