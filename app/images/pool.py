"""Image work off the request threads: each job in a process of its own, few at a time."""

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Condition
from typing import BinaryIO

from app.images import decoder
from app.images.decoder import ImageInfo
from app.images.errors import Busy, NotAnImage, TooLarge

# By its path, because as a module it would import the whole application with it.
PROGRAM = [sys.executable, "-I", str(Path(decoder.__file__))]
ENDED_BY_THE_IMAGE = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL}


class ImagePool:
    """Runs `workers` jobs at a time, and lets `waiting` more wait; users take turns.

    Each holds its caller's thread, so keep both well below those. Who finds it full takes the place of a user who has
    more jobs here, or is Busy.
    """

    def __init__(self, workers: int = 1, waiting: int = 3) -> None:
        self._workers, self._most = workers, workers + waiting
        self._changed = Condition()
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._last_run: dict[int, int] = {}
        self._runs = count()

    def inspect(self, stream: BinaryIO, declared_type: str, user_id: int) -> ImageInfo:
        return ImageInfo(**json.loads(self._run(user_id, stream, "inspect", declared_type)))

    def variant(self, stream: BinaryIO, width: int, user_id: int) -> bytes:
        return self._run(user_id, stream, "variant", str(width))

    def _run(self, user_id: int, stream: BinaryIO, *job: str) -> bytes:
        with self._turn(_Job(user_id)):
            return run(stream, *job)

    @contextmanager
    def _turn(self, job: "_Job") -> Iterator[None]:
        with self._changed:
            self._admit(job)
            self._changed.wait_for(lambda: job.dropped or self._is_next(job))
            if job.dropped:
                raise Busy
            self._waiting.remove(job)
            self._running.append(job)
            self._last_run[job.user_id] = next(self._runs)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(job)
                present = {each.user_id for each in [*self._waiting, *self._running]}
                self._last_run = {user: run for user, run in self._last_run.items() if user in present}
                self._changed.notify_all()

    def _admit(self, job: "_Job") -> None:
        here = [*self._running, *self._waiting]
        if len(here) >= self._most:
            jobs = Counter(each.user_id for each in here)
            last = max(reversed(self._waiting), key=lambda each: jobs[each.user_id], default=None)
            # One more of this user must still be fewer than that one has.
            if last is None or jobs[job.user_id] + 1 >= jobs[last.user_id]:
                raise Busy
            last.dropped = True
            self._waiting.remove(last)
            self._changed.notify_all()
        self._waiting.append(job)

    def _is_next(self, job: "_Job") -> bool:
        if len(self._running) >= self._workers:
            return False
        # The user whose last turn was longest ago; of one user, who came first.
        return job is min(self._waiting, key=lambda each: self._last_run.get(each.user_id, -1))


@dataclass(eq=False)
class _Job:
    user_id: int
    dropped: bool = False


def run(stream: BinaryIO, *job: str) -> bytes:
    pipe = subprocess.PIPE
    # With an environment of its own: ours holds the blog's secrets.
    with subprocess.Popen([*PROGRAM, *job], stdin=pipe, stdout=pipe, stderr=pipe, env={}) as process:
        assert process.stdin is not None  # noqa: S101  for the type checker
        # It stops reading when there is too much.
        with suppress(BrokenPipeError):
            shutil.copyfileobj(stream, process.stdin)
        answer, complaint = process.communicate()
    return judged(process.returncode, answer, complaint)


def judged(status: int, answer: bytes, complaint: bytes) -> bytes:
    if status == 0:
        return answer
    if status == decoder.UNDECODABLE or status in ENDED_BY_THE_IMAGE:
        raise NotAnImage
    if status == decoder.OVER_LIMIT:
        raise TooLarge(answer.decode())
    if status == -signal.SIGALRM:
        raise TooLarge(f"The image takes more than {decoder.MAX_SECONDS} seconds to decode.")
    raise RuntimeError(f"The image program ended with {status}: {complaint.decode(errors='replace')}")
