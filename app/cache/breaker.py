"""Stops asking a server that does not answer, and finds out when it does again."""

import time
from threading import Lock

FAILURES = 3
PAUSE = 1.0


class Breaker:
    def __init__(self, failures: int = FAILURES, pause: float | None = None) -> None:
        """Opens after so many failures in a row, and lets one caller try every `pause` seconds then, or `PAUSE`."""
        self._most, self._pause = failures, pause
        self._lock = Lock()
        self._failures = 0
        self._probe_at = 0.0

    @property
    def closed(self) -> bool:
        return self._failures < self._most

    def may_probe(self) -> bool:
        """Whether to go ahead: always when closed, once a pause when open."""
        with self._lock:
            if self.closed:
                return True
            if time.monotonic() < self._probe_at:
                return False
            self._probe_at = time.monotonic() + (self._pause or PAUSE)
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> bool:
        """Whether this opened it."""
        with self._lock:
            self._failures += 1
            self._probe_at = time.monotonic() + (self._pause or PAUSE)
            return self._failures == self._most
