"""Files kept on this machine's disk, for all its processes, and never believed without a look.

An entry is one file: the body, the SHA-256 of each of its blocks, and a seal over those. A reader checks each block as
it comes by, so that a large file is read once, and a range of it needs no more than its own blocks.
"""

import fcntl
import hashlib
import io
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from app.storage.readers import RandomReader

Fetch = Callable[[BinaryIO], None]

BLOCK = 256 * 1024
DIGEST = 32
SEAL = struct.Struct(f">Q{DIGEST}s")
# What an eviction leaves, so that the next one is some puts away.
KEPT = 0.9
IN_MEMORY = 8 * 1024 * 1024


class Corrupt(Exception):
    """The entry is not what was written."""


@dataclass(frozen=True)
class Stats:
    entries: int
    bytes: int
    max_bytes: int


class DiskCache:
    """Holds at most `max_bytes`, less what is just arriving, and drops what was not read for longest."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries = root / "entries"
        self._filling = root / "filling"
        self._total = root / "total"
        self._swept = False

    def open(self, key: str, fetch: Fetch) -> BinaryIO:
        """The body of `key`, which `fetch` writes where it is not here yet; many who ask at once fetch once."""
        name = hashlib.sha256(key.encode()).hexdigest()
        try:
            file = self._opened(name) or self._filled(name, fetch)
            if file:
                return io.BufferedReader(CheckedReader(file, name, lambda: self._refetched(name, fetch)))
        except Corrupt:
            self._drop(name)
        except OSError:
            # Whatever is wrong with the disk, the source has the body; and if the error is its own, it repeats it.
            pass
        return fetched(fetch)

    def stats(self) -> Stats:
        sizes = [size for _, size, _ in self._listed()]
        return Stats(len(sizes), sum(sizes), self._max_bytes)

    def verify(self) -> int:
        """Read everything, and drop what is wrong. Returns how many those were."""
        return sum(not self._is_right(path) for path in self._paths())

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
        # Its modification time is the time of its last use: nothing here is ever modified.
        with suppress(OSError):
            os.utime(file.fileno())
        return file

    def _filled(self, name: str, fetch: Fetch) -> BinaryIO | None:
        self._filling.mkdir(parents=True, exist_ok=True)
        self._entries.mkdir(exist_ok=True)
        path = self._filling / name
        with path.open("a+b") as file:
            # One file is the lock and what it protects: a process that is killed lets go, and leaves no lock behind.
            fcntl.flock(file, fcntl.LOCK_EX)
            if not is_at(file, path):
                # Whoever held it has finished: the entry is there, or their fetch failed and it is our turn.
                return self._opened(name)
            if found := self._opened(name):
                # Filled between our first look and our lock.
                path.unlink()
                return found
            try:
                self._fill(file, name, fetch)
                path.replace(self._entries / name)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return self._opened(name)

    def _fill(self, file: BinaryIO, name: str, fetch: Fetch) -> None:
        file.truncate(0)
        fetch(file)
        file.flush()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digests = b"".join(hashlib.sha256(block).digest() for block in iter(lambda: file.read(BLOCK), b""))
        file.write(digests + SEAL.pack(size, seal(name, size, digests)))
        file.flush()
        self._make_room(file.tell())

    def _make_room(self, size: int) -> None:
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

    def _refetched(self, name: str, fetch: Fetch) -> BinaryIO:
        self._drop(name)
        return fetched(fetch)

    def _is_right(self, path: Path) -> bool:
        with suppress(FileNotFoundError), path.open("rb") as file:
            try:
                size, digests = read_seal(file, path.name)
                for number in range(len(digests)):
                    read_block(file, number, size, digests)
            except (OSError, Corrupt):
                self._drop(path.name)
                return False
        return True

    def _drop(self, name: str) -> None:
        with suppress(OSError):
            (self._entries / name).unlink()

    def _listed(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._paths():
            with suppress(FileNotFoundError):
                about = path.stat()
                found.append((about.st_mtime_ns, about.st_size, path))
        return found

    def _paths(self) -> list[Path]:
        return list(self._entries.iterdir()) if self._entries.exists() else []


class CheckedReader(RandomReader):
    """An entry's body. A block that is wrong, now or in the middle of a long answer, comes from the source instead."""

    def __init__(self, file: BinaryIO, name: str, refetch: Callable[[], BinaryIO]) -> None:
        # What `close` needs, since Python closes a reader that could not be made as well.
        self._file = file
        self._source: BinaryIO | None = None
        try:
            size, self._digests = read_seal(file, name)
        except BaseException:
            file.close()
            raise
        super().__init__(size)
        self._refetch = refetch
        self._held = (-1, b"")

    def read_at(self, at: int, wanted: int) -> bytes:
        if self._source is None:
            try:
                return self._block(at // BLOCK)[at % BLOCK :][:wanted]
            except (OSError, Corrupt):
                self._source = self._refetch()
        self._source.seek(at)
        return self._source.read(wanted)

    def _block(self, number: int) -> bytes:
        if self._held[0] != number:
            self._held = (number, read_block(self._file, number, self._size, self._digests))
        return self._held[1]

    def close(self) -> None:
        self._file.close()
        if self._source:
            self._source.close()
        super().close()


def fetched(fetch: Fetch) -> BinaryIO:
    body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        fetch(cast(BinaryIO, body))
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return cast(BinaryIO, body)


def read_block(file: BinaryIO, number: int, size: int, digests: list[bytes]) -> bytes:
    file.seek(number * BLOCK)
    block = file.read(min(BLOCK, size - number * BLOCK))
    if hashlib.sha256(block).digest() != digests[number]:
        raise Corrupt
    return block


def read_seal(file: BinaryIO, name: str) -> tuple[int, list[bytes]]:
    whole = os.fstat(file.fileno()).st_size
    if whole < SEAL.size:
        raise Corrupt
    file.seek(whole - SEAL.size)
    size, sealed = SEAL.unpack(file.read(SEAL.size))
    length = -(-size // BLOCK) * DIGEST
    if whole != size + length + SEAL.size:
        raise Corrupt
    file.seek(size)
    digests = file.read(length)
    if seal(name, size, digests) != sealed:
        raise Corrupt
    return size, [digests[at : at + DIGEST] for at in range(0, length, DIGEST)]


def seal(name: str, size: int, digests: bytes) -> bytes:
    # With the name, so that no entry passes for another.
    return hashlib.sha256(f"{name} {size} ".encode() + digests).digest()


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
