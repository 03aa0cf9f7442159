"""Processes that are killed at random moments while they fill the disk cache, and what the others read meanwhile."""

import hashlib
import os
import random
import select
import signal
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, NamedTuple

from app.images.disk_cache import DiskCache

KEYS = 40
READERS = 4
MAX_BYTES = 4_000_000
RIGHT, WRONG, FILLED = b".", b"!", b"+"


class Outcome(NamedTuple):
    right: int
    wrong: int
    fetches: int
    bad_entries: int
    bytes: int


def body_of(key: int) -> bytes:
    return hashlib.shake_256(str(key).encode()).digest(1000 + 20_000 * key)


def read_for_ever(root: Path, tell: int) -> None:
    cache = DiskCache(root, MAX_BYTES)
    bodies = [body_of(key) for key in range(KEYS)]
    right = [hashlib.sha256(body).digest() for body in bodies]
    while True:
        key = random.randrange(KEYS)  # noqa: S311 - no secret

        def fetch(out: BinaryIO, body: bytes = bodies[key]) -> None:
            os.write(tell, FILLED)
            out.writelines(body[at : at + 16_384] for at in range(0, len(body), 16_384))

        with cache.open(str(key), fetch) as stream:
            os.write(tell, RIGHT if hashlib.sha256(stream.read()).digest() == right[key] else WRONG)


def start_reader(root: Path, tell: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    random.seed()
    read_for_ever(root, tell)
    return 0


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def log_of(root: Path, kills: int, reads: int) -> bytes:
    told, tell = os.pipe()
    readers = [start_reader(root, tell) for _ in range(READERS)]
    log, killed = b"", 0
    while killed < kills or log.count(RIGHT) + log.count(WRONG) < reads:
        pause = random.uniform(0, 0.03)  # noqa: S311 - no secret
        until = time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            if select.select([told], [], [], left)[0]:
                log += os.read(told, 65_536)
        if killed < kills:
            end(readers.pop(0))
            readers.append(start_reader(root, tell))
            killed += 1
    for pid in readers:
        end(pid)
    return log


def outcome(kills: int, reads: int) -> Outcome:
    """What at least so many reads found; this process forks, and should do nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        log = log_of(Path(folder), kills, reads)
        cache = DiskCache(Path(folder), MAX_BYTES)
        used = cache.stats().bytes
        return Outcome(log.count(RIGHT), log.count(WRONG), log.count(FILLED), cache.verify(), used)
