"""Stops asking a server that does not answer, and finds out when it does again."""

import logging
import time
from threading import Lock

FAILURES = 3
PAUSE = 1.0

log = logging.getLogger(__name__)


class Breaker:
    def __init__(self, dependency: str, failures: int = FAILURES, pause: float | None = None) -> None:
        """Opens after so many failures in a row, and lets one caller try every `pause` seconds then, or `PAUSE`.

        The log is told when it opens and when it closes.
        """
        self._dependency, self._most, self._pause = dependency, failures, pause
        self._lock = Lock()
        self._failures = 0
        self._probe_at = self._opened_at = 0.0

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
            was_open = self._failures >= self._most
            self._failures = 0
        if was_open:
            seconds = round(time.monotonic() - self._opened_at, 1)
            log.warning("breaker closed", extra={"dependency": self._dependency, "open_seconds": seconds})

    def failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            now = time.monotonic()
            self._probe_at = now + (self._pause or PAUSE)
            opened = self._failures == self._most
            self._opened_at = now if opened else self._opened_at
        if opened:
            reason = f"{type(error).__name__}: {error.__cause__ or error}"[:300]
            log.warning("breaker opened", extra={"dependency": self._dependency, "reason": reason})
