"""gunicorn's arbiter, but that a worker goes only when another is ready, and that it says what goes on.

What is not here is gunicorn's own. An error in it would end the site.
"""

import fcntl
import json
import os
import signal
import time
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn import arbiter

STATUS = "status.json"
BOOT_SECONDS = 60
AWAY_SECONDS = 5
# Of its workers, how many more than usual may run during a replacement: one in so many, but one at least.
SPARE = 4
ENDINGS = 8


class Arbiter(arbiter.Arbiter):
    # The object was made as gunicorn's own: it has what is here until it has it otherwise.
    outdated_age = 0
    _looked = _trusting_since = _written = 0.0

    def begin(self, folder: Path) -> None:
        """Become this arbiter, of a server that starts and whose state is told in that folder."""
        self.begun = time.time()
        self.ends: Counter[str] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=ENDINGS)
        self._status: int | None = None
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._status = os.open(folder / STATUS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # Ours as long as we live, and of no worker's: it tells a server from what one left.
            fcntl.lockf(self._status, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def reload(self) -> None:
        """Take the new settings, and have each worker replaced by one of the new code; nothing here waits for it."""
        self._stats["reloads"] += 1
        self.app.reload()
        self.setup(self.app)
        self.log.reopen_files()
        self.cfg.on_reload(self)
        self.outdated_age = self.worker_age

    def manage_workers(self) -> None:
        """Start those that are missing, and tell one to stop when it is one too many, or its successor is ready."""
        staying = sorted((each for each in self.WORKERS.values() if not each.leaving), key=lambda each: each.age)
        fresh = [each for each in staying if not self._reason_to_replace(each)]
        most = self.num_workers + max(1, self.num_workers // SPARE)
        for _ in range(min(self.num_workers - len(fresh), most - len(staying))):
            self.spawn_worker()
        serving = [each for each in staying if each.ready]
        # The oldest of those to be replaced, then the oldest of all.
        serving.sort(key=lambda each: (each in fresh, each.age))
        for worker in serving[: max(0, len(serving) - self.num_workers)]:
            self._retire(worker)
        self._write_status()

    def _reason_to_replace(self, worker: Any) -> str:
        return "reload" if worker.age <= self.outdated_age else "recycled" if worker.figures.worn else ""

    def _retire(self, worker: Any) -> None:
        worker.why = self._reason_to_replace(worker) or "one too many"
        worker.figures.stopping = 1
        self.kill_worker(worker.pid, signal.SIGTERM)

    def murder_workers(self) -> None:
        """End a worker that says nothing any more, whose threads all stand still, or that does not get ready."""
        now = time.monotonic()
        if now - self._looked > AWAY_SECONDS:
            # It was us who heard nothing, as when the whole machine stood still.
            self._trusting_since = now
        self._looked = now
        if now - self._trusting_since > self.timeout:
            for worker in list(self.WORKERS.values()):
                if problem := self._problem(worker):
                    self.log.critical("Worker %s is killed: it %s", worker.pid, problem)
                    worker.why = problem
                    self.kill_worker(worker.pid, signal.SIGKILL)

    def _problem(self, worker: Any) -> str:
        if not worker.ready:
            # gunicorn's own way would wait for ever.
            return "did not get ready" if time.monotonic() - worker.made > BOOT_SECONDS else ""
        if worker.figures.stuck:
            return "hung: its threads stood still"
        with suppress(OSError, ValueError):
            if self.timeout and time.monotonic() - worker.tmp.last_update() > self.timeout:
                return f"hung: it was not heard for {self.timeout} s"
        return ""

    def reap_workers(self) -> None:
        before = dict(self.WORKERS)
        ways = {pid: _way_of_ending(pid) for pid in before}
        super().reap_workers()
        for pid in before.keys() - self.WORKERS.keys():
            why = before[pid].why or ways[pid] or ("told to stop" if before[pid].leaving else "ended by itself")
            self.ends[why] += 1
            self.recent.append({"at": time.time(), "pid": pid, "why": why})

    def _write_status(self) -> None:
        now = time.monotonic()
        if self._status is None or now - self._written < 0.5:
            return
        self._written = now
        text = json.dumps(self.told()).encode()
        # In its place, so that a full disk has room for it. A reader who meets half of it reads again.
        with suppress(OSError):
            os.pwrite(self._status, text, 0)
            os.ftruncate(self._status, len(text))

    def told(self) -> dict[str, Any]:
        """What app.status shows."""
        return {
            "pid": self.pid,
            "begun": self.begun,
            "at": time.time(),
            "listens": [str(each) for each in self.LISTENERS],
            "wanted": self.num_workers,
            "reloads": self._stats["reloads"],
            "workers": [self._told(each) for each in sorted(self.WORKERS.values(), key=lambda each: each.age)],
            "ends": dict(self.ends),
            "recent": list(self.recent),
        }

    def _told(self, worker: Any) -> dict[str, Any]:
        figures = worker.figures
        state = "stopping" if worker.leaving else "hangs" if figures.stuck else "ready" if worker.ready else "starting"
        names = ("requests", "busy", "median", "p95", "hits", "misses")
        told = {name: getattr(figures, name) for name in names}
        return {"pid": worker.pid, "state": state, "begun": worker.begun, "threads": self.cfg.threads, **told}


def _way_of_ending(pid: int) -> str:
    """How that child of ours ended, in words, which it leaves for gunicorn to reap; nothing if it runs."""
    ended = None
    with suppress(AttributeError, ChildProcessError):
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if ended is None or not ended.si_status:
        return ""
    if ended.si_code == os.CLD_EXITED:
        return f"ended with code {ended.si_status}"
    number: int = ended.si_status
    return f"killed by {signal.Signals(number).name if number in set(signal.Signals) else f'signal {number}'}"
