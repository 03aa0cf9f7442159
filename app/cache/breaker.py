"""Stops asking a server that does not answer, and finds out when it does again."""

import time
from threading import Lock

FAILURES = 3
PAUSE = 1.0


class Breaker:
    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self._probe_at = 0.0

    @property
    def closed(self) -> bool:
        return self._failures < FAILURES

    def may_probe(self) -> bool:
        """Whether to go ahead: always when closed, once a pause when open."""
        with self._lock:
            if self.closed:
                return True
            if time.monotonic() < self._probe_at:
                return False
            self._probe_at = time.monotonic() + PAUSE
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> bool:
        """Whether this opened it."""
        with self._lock:
            self._failures += 1
            self._probe_at = time.monotonic() + PAUSE
            return self._failures == FAILURES
