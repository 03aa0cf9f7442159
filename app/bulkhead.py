"""How many threads may wait for one dependency, so that one that stops answering leaves the others theirs."""

from collections.abc import Callable
from threading import Condition, Lock
from time import monotonic

import structlog

# How long nobody needs to get in before those who wait are sent away.
PATIENCE = 0.5
# How long nobody needs to be sent away before that is over.
QUIET_SECONDS = 60

logger = structlog.get_logger("app.bulkhead")


class Refusals:
    """Tells the log when a dependency's places begin to run out, and once nobody has been sent away for a while."""

    def __init__(self, dependency: str) -> None:
        self._dependency = dependency
        self._lock = Lock()
        self._count = 0
        self._latest = 0.0

    def refused(self) -> None:
        with self._lock:
            self._count += 1
            self._latest = monotonic()
            first = self._count == 1
        if first:
            logger.warning("bulkhead full", dependency=self._dependency)

    def admitted(self) -> None:
        # Looked at without the lock, since nearly everybody comes here.
        if not self._count or monotonic() - self._latest < QUIET_SECONDS:
            return
        with self._lock:
            count, self._count = self._count, 0
        if count:
            logger.warning("bulkhead has room", dependency=self._dependency, refused=count)


class Bulkhead:
    """Holds `places` threads at once. When it is full, others wait as long as somebody gets in now and then.

    `error` makes what is raised for those who are sent away.
    """

    def __init__(self, dependency: str, places: int, error: Callable[[str], Exception]) -> None:
        self._free, self._error, self._refusals = places, error, Refusals(dependency)
        self._changed = Condition()
        self._entered_at = 0.0

    def __enter__(self) -> None:
        with self._changed:
            while not self._free:
                left = self._entered_at + PATIENCE - monotonic()
                if left <= 0:
                    self._refusals.refused()
                    raise self._error("too many wait for it already")
                self._changed.wait(left)
            self._refusals.admitted()
            self._free -= 1
            self._entered_at = monotonic()

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify()
