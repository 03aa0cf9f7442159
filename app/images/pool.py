"""Image work off the request threads: each job in a process of its own, few at a time."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO

from app.images import decoder
from app.images.decoder import ImageInfo
from app.images.errors import Busy, NotAnImage, TooLarge

# By its path, because as a module it would import the whole application with it.
PROGRAM = [sys.executable, "-I", str(Path(decoder.__file__))]
ENDED_BY_THE_IMAGE = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL}


class ImagePool:
    """At most `workers` jobs run and `waiting` wait. Each holds its caller's thread, so keep both well below those."""

    def __init__(self, workers: int = 1, waiting: int = 2) -> None:
        self._running = BoundedSemaphore(workers)
        self._places = BoundedSemaphore(workers + waiting)

    def inspect(self, stream: BinaryIO, declared_type: str) -> ImageInfo:
        return ImageInfo(**json.loads(self._run(stream, "inspect", declared_type)))

    def variant(self, stream: BinaryIO, width: int) -> bytes:
        return self._run(stream, "variant", str(width))

    def _run(self, stream: BinaryIO, *job: str) -> bytes:
        with self._place(), self._running:
            return run(stream, *job)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


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
