"""Kill processes at random moments while they fill the disk cache, and check every byte that the others read.

python -m benchmarks.disk_cache_kills [--kills 200] [--reads 10000]
"""

import argparse
import hashlib
import os
import random
import select
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from app.images.disk_cache import DiskCache

KEYS = 40
READERS = 4
MAX_BYTES = 4_000_000
RIGHT, WRONG, FILLED = b".", b"!", b"+"


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


def run(root: Path, kills: int, reads: int) -> bytes:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--reads", type=int, default=10_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        began = time.monotonic()
        log = run(root, wanted.kills, wanted.reads)
        seconds = time.monotonic() - began
        cache = DiskCache(root, MAX_BYTES)
        full = cache.stats().bytes
        half_written = cache.verify()
    wrong = log.count(WRONG)
    print(f"{wanted.kills} kills, {log.count(RIGHT)} right bodies, {wrong} wrong, {seconds:.0f} s")
    print(f"{log.count(FILLED)} fetches; {half_written} bad entries left; {full:,} of {MAX_BYTES:,} bytes used")
    return 1 if wrong or half_written or full > MAX_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
