"""The state of what the blog needs: each asked by itself, within a time limit, and not more often than it can bear."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from threading import Lock, Thread
from time import monotonic

import structlog

# Of the whole second that a load balancer may wait.
LIMIT = 0.5

States = Mapping[str, str]

logger = structlog.get_logger("app.checks")


class Check:
    """Asks in a thread of its own, one at a time, and keeps an answer for `kept` seconds.

    `otherwise` is the answer where there is none in time.
    """

    def __init__(self, ask: Callable[[], States], otherwise: States, kept: float = 0) -> None:
        self._ask, self._otherwise, self._kept = ask, otherwise, kept
        self._lock = Lock()
        self._asked: Future[States] | None = None
        self._began = 0.0

    def begin(self) -> Callable[[], States]:
        """Have it asked, unless it is being asked or what is kept will do. What is returned waits for the answer."""
        with self._lock:
            asked = self._asked
            if asked is None or (asked.done() and monotonic() - self._began >= self._kept):
                asked = self._asked = Future()
                self._began = monotonic()
                Thread(target=self._answer, args=(asked,), daemon=True).start()
            return partial(self._states, asked, self._began + LIMIT)

    def _states(self, asked: "Future[States]", until: float) -> States:
        try:
            # Counted from when it was asked: many who come while it hangs do not wait anew.
            return asked.result(max(until - monotonic(), 0))
        except TimeoutError:
            return self._otherwise

    def _answer(self, asked: "Future[States]") -> None:
        try:
            asked.set_result(self._ask())
        except Exception as error:  # noqa: BLE001  a check that fails says the same, whatever the error
            logger.info("check failed", states=self._otherwise, reason=f"{type(error).__name__}: {error}"[:300])
            asked.set_result(self._otherwise)


def states_of(checks: list[Check]) -> dict[str, str]:
    """All of them, asked side by side."""
    begun = [check.begin() for check in checks]
    return {name: state for states in begun for name, state in states().items()}
