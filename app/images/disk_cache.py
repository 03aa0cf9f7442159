"""Files kept on this machine's disk, for all its processes, and never believed without a look.

An entry is one file: the body, and behind it the SHA-256 of the entry's name and the body. A process reads an entry to
its end before it hands it out for the first time, and again when it is another file or was written to since. What goes
wrong on the disk without a write is left to `verify`.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from app.images.errors import Busy
from app.storage.readers import sliced

Fetch = Callable[[BinaryIO], None]

DIGEST = hashlib.sha256().digest_size
# What an eviction leaves, so that the next one is some puts away.
KEPT = 0.9
IN_MEMORY = 8 * 1024 * 1024
# An entry's use is noted at most so often.
NOTED_AFTER_SECONDS = 60
# For how long a reader waits for what another fetches; and after how long it does not try in the other's place. Both
# leave time for an answer within five seconds.
MOST_WAITED, LONG_ENOUGH, POLL = 4.0, 0.4, 0.01
# About 4 MB in each process.
MAX_VERIFIED = 10_000


@dataclass(frozen=True)
class Stats:
    entries: int
    bytes: int
    max_bytes: int


class DiskCache:
    """Holds at most `max_bytes`, and what is just arriving, and drops what was not read for longest."""

    def __init__(self, root: Path, max_bytes: int, waiting: AbstractContextManager[object] | None = None) -> None:
        """Whoever waits while another fetches does so within `waiting`, which may send them away."""
        self._max_bytes = max_bytes
        self._waiting = waiting or nullcontext()
        self._entries = root / "entries"
        self._filling = root / "filling"
        self._total = root / "total"
        self._swept = False
        self._verified: dict[str, tuple[int, int, int]] = {}

    def open(self, key: str, fetch: Fetch) -> BinaryIO:
        """The body of `key`, which `fetch` writes where it is not here yet; many who ask at once fetch once.

        A `Slice`, unless it cannot be kept here.
        """
        name = hashlib.sha256(key.encode()).hexdigest()
        try:
            if body := self._opened(name) or self._filled(name, fetch):
                return body
        except OSError:
            # Whatever is wrong with the disk, the source has the body; and if the error is its own, it repeats it.
            pass
        return fetched(fetch)

    def stats(self) -> Stats:
        sizes = [size for _, size, _ in self._listed()]
        return Stats(len(sizes), sum(sizes), self._max_bytes)

    def verify(self) -> int:
        """Read everything, and drop what is wrong. Returns how many those were."""
        return sum(not self._is_right_still(path) for path in self._paths())

    def clear(self) -> None:
        with self._accounts() as accounts:
            for path in self._paths():
                path.unlink(missing_ok=True)
            write_total(accounts, 0)

    def _opened(self, name: str) -> BinaryIO | None:
        try:
            file = (self._entries / name).open("rb")
        except FileNotFoundError:
            return None
        about = os.fstat(file.fileno())
        body = sliced(file, 0, about.st_size - DIGEST)
        if not self._is_verified(name, about, body):
            body.close()
            self._drop(name)
            return None
        # Its access time is the time of its last use: not every disk keeps it by itself.
        if about.st_atime < time.time() - NOTED_AFTER_SECONDS:
            note_use(file, time.time_ns(), about)
        return body

    def _is_verified(self, name: str, about: os.stat_result, body: BinaryIO) -> bool:
        stamp = about.st_ino, about.st_mtime_ns, about.st_size
        if self._verified.get(name) == stamp:
            return True
        if not is_right(name, body):
            return False
        if len(self._verified) >= MAX_VERIFIED:
            self._verified.clear()
        self._verified[name] = stamp
        return True

    def _filled(self, name: str, fetch: Fetch) -> BinaryIO | None:
        self._filling.mkdir(parents=True, exist_ok=True)
        self._entries.mkdir(exist_ok=True)
        path = self._filling / name
        with path.open("a+b") as file:
            # One file is the lock and what it protects: a process that is killed lets go, and leaves no lock behind.
            waited = self._lock(file)
            if not is_at(file, path):
                # Whoever held it has finished: the entry is there, or their fetch failed.
                found = self._opened(name)
                if not found and waited > LONG_ENOUGH:
                    raise Busy
                return found
            if found := self._opened(name):
                # Filled between our first look and our lock.
                path.unlink()
                return found
            try:
                self._fill(file, name, fetch)
                self._keep(path, file.tell())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return self._opened(name)

    def _lock(self, file: BinaryIO) -> float:
        """How many seconds that took. Raises Busy when it would take too many."""
        if try_lock(file):
            return 0
        began = time.monotonic()
        with self._waiting:
            while not try_lock(file):
                if time.monotonic() - began > MOST_WAITED:
                    raise Busy
                time.sleep(POLL)
        return time.monotonic() - began

    def _fill(self, file: BinaryIO, name: str, fetch: Fetch) -> None:
        file.truncate(0)
        fetch(file)
        file.flush()
        file.seek(0)
        file.write(seal(name, file))
        file.flush()

    def _keep(self, path: Path, size: int) -> None:
        """Make room for what was filled, and have the entry appear before anybody else counts."""
        if size > self._max_bytes:
            raise OSError("The file is larger than the whole cache.")
        with self._accounts() as accounts:
            total = read_total(accounts)
            # A look at every file is dear, so it is for when the sum is full, and for a process's first time.
            if not self._swept or total is None or total + size > self._max_bytes:
                total = self._sweep(size)
                self._swept = True
            # Before the entry appears: killed between the two, we count too much, which the next sweep mends.
            write_total(accounts, total + size)
            path.replace(self._entries / path.name)

    def _sweep(self, size: int) -> int:
        for path in self._filling.iterdir():
            remove_abandoned(path)
        entries = self._listed()
        total = sum(used for _, used, _ in entries)
        most = self._max_bytes if total + size <= self._max_bytes else int(self._max_bytes * KEPT)
        for _, used, path in sorted(entries):
            if total + size <= most:
                break
            path.unlink(missing_ok=True)
            total -= used
        return total

    @contextmanager
    def _accounts(self) -> Iterator[BinaryIO]:
        self._total.parent.mkdir(parents=True, exist_ok=True)
        with self._total.open("a+b") as accounts:
            fcntl.flock(accounts, fcntl.LOCK_EX)
            yield accounts

    def _is_right_still(self, path: Path) -> bool:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return True
        about = os.fstat(file.fileno())
        with sliced(file, 0, about.st_size - DIGEST) as body:
            if not is_right(path.name, body):
                self._drop(path.name)
                return False
            # This look was no use.
            note_use(body, about.st_atime_ns, about)
        return True

    def _drop(self, name: str) -> None:
        with suppress(OSError):
            (self._entries / name).unlink()

    def _listed(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._paths():
            with suppress(FileNotFoundError):
                about = path.stat()
                found.append((about.st_atime_ns, about.st_size, path))
        return found

    def _paths(self) -> list[Path]:
        return list(self._entries.iterdir()) if self._entries.exists() else []


def fetched(fetch: Fetch) -> BinaryIO:
    body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        fetch(cast(BinaryIO, body))
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return cast(BinaryIO, body)


def is_right(name: str, body: BinaryIO) -> bool:
    """Whether the seal is right that stands behind an entry's body."""
    try:
        right = seal(name, body) == os.pread(body.fileno(), DIGEST, body.tell())
        body.seek(0)
    except OSError:
        return False
    return right


def seal(name: str, body: Any) -> bytes:
    # With the name, so that no entry passes for another.
    return hashlib.file_digest(body, lambda: hashlib.sha256(name.encode())).digest()


def note_use(file: BinaryIO, at: int, about: os.stat_result) -> None:
    with suppress(OSError):
        os.utime(file.fileno(), ns=(at, about.st_mtime_ns))


def try_lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def remove_abandoned(path: Path) -> None:
    with suppress(OSError), path.open("rb") as file:
        # Held by those that are still filling it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def read_total(accounts: BinaryIO) -> int | None:
    accounts.seek(0)
    try:
        return int(accounts.read())
    except ValueError:
        return None


def write_total(accounts: BinaryIO, total: int) -> None:
    accounts.truncate(0)
    accounts.write(str(total).encode())
    accounts.flush()
