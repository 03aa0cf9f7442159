import fcntl
import hashlib
import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, Event
from typing import BinaryIO

import pytest

from app.bulkhead import Bulkhead
from app.images import disk_cache
from app.images.disk_cache import DiskCache
from app.images.errors import Busy
from tests.unit.claims import promptly, raised_by
from tests.unit.images.killed_readers import MAX_BYTES, outcome

PROJECT = Path(__file__).parents[3]
BLOCK = 256 * 1024
BODY = os.urandom(2 * BLOCK + 1000)
LONG_AGO = 1_000_000_000


class Source:
    """Has one body, and counts how often it was asked for it."""

    def __init__(self, body: bytes = BODY) -> None:
        self.body = body
        self.fetches = 0

    def __call__(self, out: BinaryIO) -> None:
        self.fetches += 1
        out.write(self.body)


class BrokenSource(Source):
    def __call__(self, out: BinaryIO) -> None:
        super().__call__(out)
        raise LookupError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(root: Path) -> DiskCache:
    return DiskCache(root, 10 * len(BODY))


@pytest.fixture
def source() -> Source:
    return Source()


def read(cache: DiskCache, source: Callable[[BinaryIO], None], key: str = "a") -> bytes:
    with cache.open(key, source) as stream:
        return stream.read()


def entry(root: Path) -> Path:
    [path] = (root / "entries").iterdir()
    return path


def damage(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


class TestAColdCache:
    def test_answers_what_it_fetched(self, cache: DiskCache, source: Source) -> None:
        assert read(cache, source) == BODY

    def test_fetches_once_for_twelve_at_once(self, cache: DiskCache, source: Source) -> None:
        together = Barrier(12)

        def ask(_: int) -> bytes:
            together.wait()
            return read(cache, source)

        with ThreadPoolExecutor(12) as threads:
            bodies = set(threads.map(ask, range(12)))
        assert (bodies, source.fetches) == ({BODY}, 1)

    def test_keeps_nothing_of_a_fetch_that_failed(self, cache: DiskCache, root: Path) -> None:
        with pytest.raises(LookupError):
            read(cache, BrokenSource())
        assert [path for path in root.rglob("*") if path.is_file()] == []

    def test_asks_again_after_a_fetch_that_failed(self, cache: DiskCache, source: Source) -> None:
        with pytest.raises(LookupError):
            read(cache, BrokenSource())
        assert read(cache, source) == BODY

    def test_does_not_keep_what_is_larger_than_all_of_it(self, root: Path, source: Source) -> None:
        small = DiskCache(root, len(BODY) // 2)
        assert (read(small, source), small.stats().bytes) == (BODY, 0)

    def test_is_no_error_where_nothing_can_be_kept(self, root: Path, source: Source) -> None:
        assert raised_by(lambda: read(DiskCache(root, 1), source)) is None


class TestAWarmCache:
    @pytest.fixture(autouse=True)
    def filled(self, cache: DiskCache, source: Source) -> None:
        read(cache, source)

    def test_answers_without_fetching(self, cache: DiskCache, source: Source) -> None:
        assert (read(cache, source), source.fetches) == (BODY, 1)

    def test_answers_another_process_without_fetching(self, root: Path, source: Source) -> None:
        assert (read(DiskCache(root, 10 * len(BODY)), source), source.fetches) == (BODY, 1)

    def test_answers_when_the_source_is_down(self, cache: DiskCache) -> None:
        assert read(cache, BrokenSource()) == BODY

    def test_does_not_answer_one_key_for_another(self, cache: DiskCache) -> None:
        assert read(cache, Source(b"b"), "b") == b"b"

    @pytest.mark.parametrize("at", [0, 5, BLOCK - 3, BLOCK, 2 * BLOCK + 990, len(BODY)])
    def test_answers_from_any_place(self, cache: DiskCache, source: Source, at: int) -> None:
        with cache.open("a", source) as stream:
            stream.seek(at)
            assert stream.read(20) == BODY[at : at + 20]

    def test_tells_the_length(self, cache: DiskCache, source: Source) -> None:
        with cache.open("a", source) as stream:
            assert stream.seek(0, io.SEEK_END) == len(BODY)

    def test_is_empty_when_cleared(self, cache: DiskCache) -> None:
        cache.clear()
        assert cache.stats().entries == 0

    def test_has_room_again_when_cleared(self, cache: DiskCache, root: Path) -> None:
        cache.clear()
        assert (root / "total").read_text() == "0"

    def test_finds_nothing_wrong(self, cache: DiskCache) -> None:
        assert cache.verify() == 0

    def test_is_read_to_its_end_once_a_process(
        self, cache: DiskCache, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(disk_cache, "seal")
        assert read(cache, source) == BODY

    def test_leaves_a_server_no_more_to_send_than_its_length(self, cache: DiskCache, source: Source) -> None:
        with cache.open("a", source) as stream:
            length = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            assert os.read(stream.fileno(), length) == BODY


class TestAnEmptyBody:
    def test_is_kept(self, cache: DiskCache) -> None:
        empty = Source(b"")
        assert (read(cache, empty), read(cache, empty), empty.fetches) == (b"", b"", 1)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    other = DiskCache(path.parents[1], 10 * len(BODY))
    read(other, Source(b"another"), "b")
    [another] = [each for each in path.parent.iterdir() if each != path]
    another.replace(path)


@pytest.mark.parametrize(
    "hurt",
    [
        pytest.param(lambda path: damage(path, 0), id="in its first byte"),
        pytest.param(lambda path: damage(path, BLOCK + 1), id="in a block"),
        pytest.param(lambda path: damage(path, len(BODY) - 1), id="in its last byte"),
        pytest.param(lambda path: damage(path, len(BODY) + 1), id="in a checksum"),
        pytest.param(lambda path: damage(path, -1), id="in its seal"),
        pytest.param(cut, id="at its end"),
        pytest.param(emptied, id="wholly"),
        pytest.param(replaced, id="by another entry"),
    ],
)
class TestADamagedEntry:
    @pytest.fixture(autouse=True)
    def damaged(self, cache: DiskCache, root: Path, source: Source, hurt: Callable[[Path], None]) -> None:
        read(cache, source)
        # A file system's clock may stand still between two writes.
        os.utime(entry(root), (LONG_AGO, LONG_AGO))
        read(cache, source)
        hurt(entry(root))

    def test_is_fetched_again(self, cache: DiskCache, source: Source) -> None:
        assert (read(cache, source), source.fetches) == (BODY, 2)

    def test_is_replaced(self, cache: DiskCache, source: Source) -> None:
        read(cache, source)
        assert (read(cache, source), source.fetches) == (BODY, 2)

    def test_is_fetched_again_by_another_process(self, root: Path, source: Source) -> None:
        assert (read(DiskCache(root, 10 * len(BODY)), source), source.fetches) == (BODY, 2)

    def test_is_found(self, cache: DiskCache) -> None:
        assert cache.verify() == 1

    def test_is_dropped_when_found(self, cache: DiskCache) -> None:
        cache.verify()
        assert cache.stats().entries == 0


class TestAnEntryDamagedByTheDisk:
    """Without a write, so that neither its file nor its modification time is another."""

    @pytest.fixture(autouse=True)
    def damaged(self, cache: DiskCache, root: Path, source: Source) -> None:
        read(cache, source)
        path = entry(root)
        about = path.stat()
        damage(path, 0)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

    def test_is_found_when_all_are_verified(self, cache: DiskCache, source: Source) -> None:
        cache.verify()
        assert (read(cache, source), source.fetches) == (BODY, 2)

    def test_is_fetched_again_by_another_process(self, root: Path, source: Source) -> None:
        assert (read(DiskCache(root, 10 * len(BODY)), source), source.fetches) == (BODY, 2)


class TestMoreEntriesThanAProcessKnowsToBeRight:
    def test_are_not_all_remembered(self, cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(disk_cache, "MAX_VERIFIED", 3)
        for number in range(10):
            read(cache, Source(b"x"), str(number))
        assert len(cache._verified) <= 3


class TestAnEntryEvictedWhileItIsRead:
    def test_is_read_to_its_end(self, cache: DiskCache, source: Source) -> None:
        read(cache, source)
        with cache.open("a", source) as stream:
            begin = stream.read(10)
            cache.clear()
            assert (begin + stream.read(), source.fetches) == (BODY, 1)


class TestAFullCache:
    MAX_BYTES = 100_000

    @pytest.fixture
    def full(self, root: Path) -> DiskCache:
        cache = DiskCache(root, self.MAX_BYTES)
        for number in range(9):
            read(cache, Source(bytes(10_000)), str(number))
        make_old(root)
        return cache

    def test_never_holds_more_than_it_may(self, full: DiskCache) -> None:
        held = []
        for number in range(100, 150):
            read(full, Source(bytes(9_000)), str(number))
            held.append(full.stats().bytes)
        assert max(held) <= self.MAX_BYTES

    def test_makes_use_of_its_room(self, full: DiskCache) -> None:
        read(full, Source(bytes(10_000)), "new")
        assert full.stats().bytes > self.MAX_BYTES / 2

    def test_keeps_what_was_read_last(self, full: DiskCache) -> None:
        last = Source(bytes(10_000))
        read(full, last, "0")
        for number in range(100, 105):
            read(full, Source(bytes(10_000)), str(number))
        read(full, last, "0")
        assert last.fetches == 0

    def test_drops_what_was_not_read_for_longest(self, full: DiskCache) -> None:
        read(full, Source(bytes(10_000)), "0")
        for number in range(100, 105):
            read(full, Source(bytes(10_000)), str(number))
        oldest = Source(bytes(10_000))
        read(full, oldest, "1")
        assert oldest.fetches == 1

    def test_holds_no_more_when_it_is_opened_anew(self, full: DiskCache, root: Path) -> None:
        again = DiskCache(root, self.MAX_BYTES // 2)
        read(again, Source(bytes(10_000)), "new")
        assert again.stats().bytes <= self.MAX_BYTES // 2

    def test_does_not_take_verifying_for_use(self, full: DiskCache) -> None:
        full.verify()
        self.test_drops_what_was_not_read_for_longest(full)

    @pytest.mark.parametrize("total", ["", "rubbish", "0"])
    def test_holds_no_more_when_its_sum_is_lost(self, full: DiskCache, root: Path, total: str) -> None:
        (root / "total").write_text(total)
        again = DiskCache(root, self.MAX_BYTES)
        for number in range(100, 110):
            read(again, Source(bytes(10_000)), str(number))
        assert again.stats().bytes <= self.MAX_BYTES

    def test_looks_at_every_file_now_and_then_only(self, root: Path) -> None:
        cache = CountingCache(root, self.MAX_BYTES)
        for number in range(300):
            read(cache, Source(bytes(100)), str(number))
        assert cache.sweeps < 10


class CountingCache(DiskCache):
    sweeps = 0

    def _sweep(self, size: int) -> int:
        self.sweeps += 1
        return super()._sweep(size)


def make_old(root: Path) -> None:
    # One after the other: the clock of a file system may be coarser than a put.
    for path in (root / "entries").iterdir():
        number = next(n for n in range(9) if path.name == hashlib.sha256(str(n).encode()).hexdigest())
        os.utime(path, (number, number))


class TestAFullDisk:
    @pytest.fixture(autouse=True)
    def answered(self, cache: DiskCache, source: Source) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
        try:
            self.answer = read(cache, source)
        finally:
            # Before pytest goes on: what it says may go to a file.
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    def test_costs_no_answer(self) -> None:
        assert self.answer == BODY

    def test_keeps_nothing(self, cache: DiskCache) -> None:
        assert cache.stats().entries == 0


class TestAFolderThatCannotBeWritten:
    @pytest.fixture(params=["a file", "read-only"])
    def blocked(self, request: pytest.FixtureRequest, root: Path) -> Iterator[None]:
        if request.param == "a file":
            root.touch()
        else:
            root.mkdir(mode=0o555)
        yield
        root.chmod(0o755)

    @pytest.mark.usefixtures("blocked")
    def test_costs_no_answer(self, cache: DiskCache, source: Source) -> None:
        assert read(cache, source) == BODY


FILLER = """
import sys
from pathlib import Path
from app.bulkhead import Bulkhead
from app.images import disk_cache
from app.images.disk_cache import DiskCache
from app.images.errors import Busy

def fetch(out):
    out.write(b"half of it")
    out.flush()
    print("filling", flush=True)
    sys.stdin.read()

DiskCache(Path(sys.argv[1]), 10_000_000).open("a", fetch)
"""


@pytest.fixture
def filler(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", FILLER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"filling\n"
        yield process
        process.kill()


@pytest.mark.programs
class TestAnEntryThatAnotherProcessIsFilling:
    def test_is_waited_for(self, cache: DiskCache, source: Source, filler: subprocess.Popen[bytes]) -> None:
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(read, cache, source)
            filler.communicate()
            assert (waiting.result(10), source.fetches) == (b"half of it", 0)

    def test_is_filled_by_who_waits_when_that_one_is_killed(
        self, cache: DiskCache, source: Source, filler: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disk_cache, "LONG_ENOUGH", 60)
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(read, cache, source)
            filler.kill()
            assert waiting.result(10) == BODY

    def test_is_left_alone_by_an_eviction(self, cache: DiskCache, filler: subprocess.Popen[bytes]) -> None:
        read(cache, Source(b"b"), "b")
        filler.communicate()
        assert read(cache, BrokenSource()) == b"half of it"

    def test_is_removed_when_that_one_was_killed(
        self, cache: DiskCache, root: Path, filler: subprocess.Popen[bytes]
    ) -> None:
        filler.kill()
        filler.wait()
        read(cache, Source(b"b"), "b")
        assert list((root / "filling").iterdir()) == []


class TestAnEntryThatAnotherFillsForLong:
    @pytest.fixture(autouse=True)
    def locked(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(disk_cache, "MOST_WAITED", 0.02)
        self.path = root / "filling" / hashlib.sha256(b"a").hexdigest()
        self.path.parent.mkdir(parents=True)
        with self.path.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.file = file
            yield

    def test_is_not_waited_for_without_end(self, cache: DiskCache) -> None:
        with pytest.raises(Busy):
            promptly(lambda: read(cache, Source(), "a"))

    def test_is_waited_for_where_there_are_places_for_that(self, root: Path) -> None:
        none_left = Bulkhead("store", 0, LookupError)
        with pytest.raises(LookupError):
            read(DiskCache(root, 10 * len(BODY), none_left), Source(), "a")

    def test_is_not_filled_by_who_waited_for_long(
        self, cache: DiskCache, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the other fetched from did not answer, and would hold this one as long again."""
        monkeypatch.setattr(disk_cache, "LONG_ENOUGH", 0)
        monkeypatch.setattr(time, "sleep", lambda _seconds: self.fail())
        with pytest.raises(Busy):
            read(cache, source, "a")
        assert source.fetches == 0

    def fail(self) -> None:
        self.path.unlink()
        self.file.close()


class CacheThatLooksTooEarly(DiskCache):
    """Finds nothing, and before it goes on, another process has filled it."""

    def __init__(self, root: Path, source: Source) -> None:
        super().__init__(root, 10 * len(BODY))
        self.other = DiskCache(root, 10 * len(BODY))
        self.source = source
        self.looked = False

    def _opened(self, name: str) -> BinaryIO | None:
        if self.looked:
            return super()._opened(name)
        self.looked = True
        read(self.other, self.source)
        return None


class TestAnEntryThatAnotherProcessFilledJustNow:
    @pytest.fixture(autouse=True)
    def answered(self, root: Path, source: Source) -> None:
        assert read(CacheThatLooksTooEarly(root, source), source) == BODY

    def test_is_not_fetched_again(self, source: Source) -> None:
        assert source.fetches == 1

    def test_leaves_nothing_to_fill(self, root: Path) -> None:
        assert list((root / "filling").iterdir()) == []


class TestAnEntryThatAppears:
    @pytest.fixture(autouse=True)
    def watched(self, cache: DiskCache, root: Path, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        appear = Path.replace

        def watch(path: Path, target: Path) -> Path:
            with (root / "total").open("rb") as total:
                self.counted = int(total.read())
                with suppress(BlockingIOError):
                    fcntl.flock(total, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.others_may_count = True
            return appear(path, target)

        self.others_may_count = False
        monkeypatch.setattr(Path, "replace", watch)
        read(cache, source)

    def test_is_counted_by_then(self, cache: DiskCache) -> None:
        assert self.counted == cache.stats().bytes > 0

    def test_is_not_forgotten_by_a_count_in_between(self) -> None:
        assert not self.others_may_count


class TestASourceThatFailsWhileOthersWait:
    def test_is_asked_by_each_of_them(self, cache: DiskCache, source: Source) -> None:
        asked, fail = Event(), Event()

        def broken(_: BinaryIO) -> None:
            asked.set()
            fail.wait()
            raise LookupError

        with ThreadPoolExecutor() as threads:
            first = threads.submit(read, cache, broken)
            asked.wait()
            second = threads.submit(read, cache, source)
            fail.set()
            assert (type(first.exception(10)), second.result(10)) == (LookupError, BODY)


@pytest.mark.programs
class TestProcessesThatAreKilledWhileTheyFill:
    def test_never_leave_a_wrong_byte(self) -> None:
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            found = process.submit(outcome, kills=15, reads=500).result()
        assert (found.wrong, found.bad_entries, found.bytes <= MAX_BYTES) == (0, 0, True), found
