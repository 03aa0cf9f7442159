"""Work that is done after an answer was sent, one thing after another in a thread of its own."""

import logging
from collections.abc import Callable
from queue import Full, Queue
from threading import Lock, Thread

PENDING = 128
CLOSING = 2.0

log = logging.getLogger(__name__)


class Recorder:
    def __init__(self) -> None:
        self._jobs: Queue[Callable[[], None] | None] = Queue(PENDING)
        self._lock = Lock()
        self._thread: Thread | None = None

    def submit(self, job: Callable[[], None]) -> bool:
        """False when too much is waiting: what is lost is only speed, later."""
        try:
            self._jobs.put_nowait(job)
            self._start()
        except (Full, RuntimeError):
            # A thread cannot be started any more while the process ends.
            return False
        return True

    def close(self) -> None:
        """Wait for what has been submitted, though not for ever."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._jobs.put(None, timeout=CLOSING)
            thread.join(CLOSING)

    def _start(self) -> None:
        with self._lock:
            # Not started with the object: a thread does not survive the fork of a worker.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="cache-recorder", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while job := self._jobs.get():
            try:
                job()
            except Exception:
                log.exception("A cache record failed")
