"""How many threads may wait for one dependency, so that one that stops answering leaves the others theirs."""

from collections.abc import Callable
from threading import Condition
from time import monotonic

# How long nobody needs to get in before those who wait are sent away.
PATIENCE = 0.5


class Bulkhead:
    """Holds `places` threads at once. When it is full, others wait as long as somebody gets in now and then.

    `error` makes what is raised for those who are sent away.
    """

    def __init__(self, places: int, error: Callable[[str], Exception]) -> None:
        self._free, self._error = places, error
        self._changed = Condition()
        self._entered_at = 0.0

    def __enter__(self) -> None:
        with self._changed:
            while not self._free:
                left = self._entered_at + PATIENCE - monotonic()
                if left <= 0:
                    raise self._error("too many wait for it already")
                self._changed.wait(left)
            self._free -= 1
            self._entered_at = monotonic()

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify()
