"""A worker of gunicorn's that tells the arbiter how it does, takes no more than it has threads for, and ends soon."""

import ctypes
import select
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers import gthread
from prometheus_client import REGISTRY

# How long a worker that was told to stop keeps connections for a request that may be on its way: gunicorn's is 2 s.
gthread.STOP_KEEPALIVE_LINGER = LINGER_SECONDS = 0.5
LOOK_SECONDS = 1.0
RECENT_SECONDS = 60
RECENT_REQUESTS = 1000
CACHE, HITS = "inkwell_cache_events_total", ("hit_memory", "hit_redis")


class Figures(ctypes.Structure):
    """What a worker tells the arbiter, in memory that both have: no disk is asked, and a hung worker's can be read."""

    _fields_ = [
        (name, ctypes.c_double)
        for name in ("ready", "stopping", "worn", "stuck", "requests", "busy", "median", "p95", "hits", "misses")
    ]


class Logger(GunicornLogger):
    """Makes access lines only where `--access-logfile` asks for them: the app writes its own.

    gunicorn makes all of them wherever the log has a configuration, also for a logger that throws them away.
    """

    @property
    def access_log_enabled(self) -> bool:
        return bool(self.cfg.accesslog)


class Worker(gthread.ThreadWorker):
    """Made in the arbiter, which keeps the object and reads its figures; what runs is the copy in the new process."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.figures = Figures.from_buffer(mmap(-1, ctypes.sizeof(Figures)))
        self.begun, self.made = time.time(), time.monotonic()
        # By the arbiter alone: why it ends, or ended.
        self.why = ""
        # gunicorn would have it stop at once. It goes on until there is another: the arbiter tells it.
        self._worn_at: int = self.max_requests  # type: ignore[has-type]  # gunicorn's, which has no types
        self.max_requests = sys.maxsize
        self._running: dict[int, float] = {}
        self._took: deque[tuple[float, float]] = deque(maxlen=RECENT_REQUESTS)
        self._clocks: list[int] = []
        self._looked = self._moved = 0.0
        self._cpu_times: list[float] = []

    @property
    def ready(self) -> bool:
        return bool(self.figures.ready)

    @property
    def leaving(self) -> bool:
        """Whether it was told to stop, by the arbiter or by somebody else."""
        return bool(self.figures.stopping)

    # As many connections as gunicorn allows may wait for their next request, but none is taken that no thread is free
    # for: another worker may have one, and a hung one would take what it never answers.
    @property
    def worker_connections(self) -> int:
        waiting = len(self.keepalived_conns) + len(self.pending_conns)
        return min(self._most_connections, waiting + int(self.cfg.threads))

    @worker_connections.setter
    def worker_connections(self, number: int) -> None:
        self._most_connections = number

    # Whoever is connected would come before whoever waits to be, for as long as they ask: while no client is taken,
    # an answer ends its connection, and they wait in line again.
    @property
    def max_keepalived(self) -> int:
        others_wait = not self._accepting and select.select(self.sockets, [], [], 0)[0]
        return 0 if others_wait else self._most_keepalived

    @max_keepalived.setter
    def max_keepalived(self, number: int) -> None:
        self._most_keepalived = number

    def get_thread_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.cfg.threads, initializer=self._note_clock)

    def _note_clock(self) -> None:
        if hasattr(time, "pthread_getcpuclockid"):
            self._clocks.append(time.pthread_getcpuclockid(threading.get_ident()))

    def run(self) -> None:
        self._moved, self._before = time.monotonic(), _hits_and_misses()
        self.figures.ready = 1
        super().run()

    def notify(self) -> None:
        """Called at least once a second by the thread that hands out requests."""
        super().notify()
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._tell(now)

    def _tell(self, now: float) -> None:
        took = [seconds for at, seconds in self._took.copy() if now - at < RECENT_SECONDS]
        told = self.figures
        told.requests, told.busy = self.nr, len(self._running)
        told.median = median(took) if took else 0
        told.p95 = quantiles(took, n=20)[-1] if len(took) > 1 else told.median
        told.hits, told.misses = (
            after - before for after, before in zip(_hits_and_misses(), self._before, strict=True)
        )
        told.worn = self.nr >= self._worn_at
        if not told.stuck and self._stands_still(now):
            told.stuck = 1
            self.log.critical("Worker %s hangs:\n%s", self.pid, "\n".join(_stacks(self._running)))

    def _stands_still(self, now: float) -> bool:
        """Whether every thread has a request, and none has run for a moment in `timeout` seconds.

        Whoever computes, or gets or sends a byte now and then, is slow and not hung.
        """
        times = [time.clock_gettime(clock) for clock in self._clocks]
        if times != self._cpu_times or len(self._running) < self.cfg.threads or not times:
            self._cpu_times, self._moved = times, now
        return bool(self.cfg.timeout) and now - self._moved > self.cfg.timeout

    def handle_request(self, req: Any, conn: Any) -> Any:
        thread, began = threading.get_ident(), time.monotonic()
        self._running[thread] = began
        try:
            return super().handle_request(req, conn)
        finally:
            del self._running[thread]
            ended = time.monotonic()
            self._took.append((ended, ended - began))

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.figures.stopping = 1
        super().handle_exit(sig, frame)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        # gunicorn waits for those that have said nothing yet as if they had been answered before.
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)


def _hits_and_misses() -> tuple[float, float]:
    """Of the query cache, counted where one worker follows another."""
    metrics = REGISTRY.restricted_registry([CACHE]).collect()
    counted = {each.labels["event"]: each.value for metric in metrics for each in metric.samples if each.name == CACHE}
    return sum(counted.get(event, 0) for event in HITS), counted.get("miss", 0)


def _stacks(running: dict[int, float]) -> Iterator[str]:
    frames = sys._current_frames()  # noqa: SLF001  the documented way to see what other threads do
    for thread, began in running.copy().items():
        stack = traceback.extract_stack(frames[thread]) if thread in frames else []
        yield f"for {time.monotonic() - began:.0f} s: " + " < ".join(
            f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in reversed(stack[-12:])
        )
