import io
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import BinaryIO

import pytest
from PIL import Image

from app.images import pool as image_pool
from app.images.decoder import MAX_BYTES, ImageInfo
from app.images.errors import Busy, NotAnImage, TooLarge
from app.images.pool import PROGRAM, ImagePool
from tests.forge.redis_server import until
from tests.unit.claims import raised_by

pytestmark = pytest.mark.programs

MEGABYTE = 1024 * 1024
ADA, GRACE = 1, 2


def picture() -> BinaryIO:
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "PNG")
    out.seek(0)
    return out


class SlowPicture(io.BytesIO):
    """A picture whose bytes come when they are let go."""

    def __init__(self) -> None:
        super().__init__(picture().read())
        self.asked = Event()
        self.let_go = Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.set()
        self.let_go.wait()
        return super().read(size)


class BrokenSource(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


def stand_in(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the image program do `code` in place of its job."""
    program = f"import os, signal, sys\nfrom app.images import decoder\n{code}\nsys.exit(decoder.main(*sys.argv[1:]))"
    monkeypatch.setattr(image_pool, "PROGRAM", [sys.executable, "-c", program])


class TestAPool:
    @pytest.fixture
    def pool(self) -> ImagePool:
        return ImagePool()

    def test_inspects(self, pool: ImagePool) -> None:
        assert pool.inspect(picture(), "image/png", ADA) == ImageInfo(64, 48, "PNG")

    def test_makes_variants(self, pool: ImagePool) -> None:
        assert Image.open(io.BytesIO(pool.variant(picture(), 32, ADA))).size == (32, 24)

    def test_says_what_is_no_image(self, pool: ImagePool) -> None:
        with pytest.raises(NotAnImage, match="not an image"):
            pool.inspect(io.BytesIO(b"<script>"), "image/png", ADA)

    def test_says_what_is_too_long(self, pool: ImagePool) -> None:
        with pytest.raises(TooLarge, match="50 MB"):
            pool.inspect(io.BytesIO(bytes(MAX_BYTES + MEGABYTE)), "image/png", ADA)

    def test_does_not_take_a_broken_source_for_a_broken_image(self, pool: ImagePool) -> None:
        with pytest.raises(ConnectionResetError):
            pool.inspect(BrokenSource(), "image/png", ADA)

    def test_survives_an_image_that_kills_its_decoder(self, pool: ImagePool, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, "decoder.done = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)")
        with pytest.raises(NotAnImage):
            pool.inspect(picture(), "image/png", ADA)

    def test_gives_up_an_image_that_takes_for_ever(self, pool: ImagePool, monkeypatch: pytest.MonkeyPatch) -> None:
        # Without a limit it ends all the same, or this would be a test without an end.
        stand_in(
            monkeypatch,
            "import threading\n"
            "decoder.MAX_SECONDS = 1\n"
            "decoder.done = lambda *_: threading.Event().wait(20) or b'decoded'",
        )
        with pytest.raises(TooLarge, match="seconds"):
            pool.variant(picture(), 32, ADA)

    @pytest.mark.skipif(sys.platform == "darwin", reason="macOS sets no limit to a process's memory")
    def test_gives_up_an_image_that_takes_all_memory(self, pool: ImagePool, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, "decoder.done = lambda *_: bytes(2**30)")
        error = raised_by(lambda: pool.inspect(picture(), "image/png", ADA))
        assert (type(error), "memory" in str(error)) == (TooLarge, True)

    def test_does_not_blame_the_image_for_a_broken_program(
        self, pool: ImagePool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(monkeypatch, "raise ImportError")
        with pytest.raises(RuntimeError, match="ImportError"):
            pool.inspect(picture(), "image/png", ADA)


class TestAPictureThatTakesItsDecoderOver:
    """It runs code of its own where it should only be decoded."""

    def run(self, monkeypatch: pytest.MonkeyPatch, code: str) -> str:
        stand_in(monkeypatch, f"decoder.done = lambda *_: str({code}).encode()")
        return image_pool.run(picture(), "variant", "320").decode()

    def test_finds_no_secret_in_its_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "kept")
        assert "SECRET_KEY" not in self.run(monkeypatch, "os.environ")

    @pytest.mark.parametrize("opening", ["open('/proc/self/environ')", "__import__('socket').socket()", "os.pipe()"])
    def test_opens_nothing(self, monkeypatch: pytest.MonkeyPatch, opening: str) -> None:
        with pytest.raises(RuntimeError, match="Too many open files"):
            self.run(monkeypatch, opening)


class TestAPoolAtWork:
    @pytest.fixture
    def pool(self) -> ImagePool:
        return ImagePool(workers=1, waiting=1)

    @pytest.fixture
    def slow(self) -> SlowPicture:
        return SlowPicture()

    @pytest.fixture
    def threads(self, slow: SlowPicture) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor() as pool:
            yield pool
            slow.let_go.set()

    @pytest.fixture(autouse=True)
    def started(self, pool: ImagePool, slow: SlowPicture, threads: ThreadPoolExecutor) -> Future[ImageInfo]:
        running = threads.submit(pool.inspect, slow, "image/png", ADA)
        assert slow.asked.wait(10)
        return running

    def test_lets_one_wait(self, pool: ImagePool, slow: SlowPicture, threads: ThreadPoolExecutor) -> None:
        waiting = threads.submit(pool.inspect, picture(), "image/png", ADA)
        slow.let_go.set()
        assert waiting.result(10).format == "PNG"

    def test_runs_no_more_than_its_workers(
        self, pool: ImagePool, slow: SlowPicture, threads: ThreadPoolExecutor
    ) -> None:
        second = SlowPicture()
        second.let_go.set()
        waiting = threads.submit(pool.inspect, second, "image/png", ADA)
        assert not second.asked.wait(0.3)
        slow.let_go.set()
        waiting.result(10)

    class TestWithoutAPlaceToWait:
        @pytest.fixture
        def pool(self) -> ImagePool:
            return ImagePool(workers=1, waiting=0)

        def test_is_busy_at_once(self, pool: ImagePool) -> None:
            began = time.monotonic()
            with pytest.raises(Busy):
                pool.inspect(picture(), "image/png", ADA)
            assert time.monotonic() - began < 1

        def test_is_free_again_afterwards(self, pool: ImagePool, slow: SlowPicture, started: Future[ImageInfo]) -> None:
            slow.let_go.set()
            started.result(10)
            assert pool.inspect(picture(), "image/png", ADA).width == 64


class TestAPoolThatOneUserFills:
    """It runs one job and lets three wait, all of them Ada's."""

    @pytest.fixture
    def pool(self) -> ImagePool:
        return ImagePool()

    @pytest.fixture
    def order(self) -> list[str]:
        """Whose jobs ended, in order."""
        return []

    @pytest.fixture(autouse=True)
    def filled(self, pool: ImagePool, order: list[str]) -> Iterator[list[Future[None]]]:
        self.slow = SlowPicture()

        def ada(stream: BinaryIO) -> None:
            pool.inspect(stream, "image/png", ADA)
            order.append("Ada")

        with ThreadPoolExecutor() as threads:
            jobs = [threads.submit(ada, self.slow)]
            assert self.slow.asked.wait(10)
            while len(jobs) < 4:
                jobs.append(threads.submit(ada, picture()))
                until(lambda: len(pool._waiting) == len(jobs) - 1)
            self.threads = threads
            yield jobs
            self.slow.let_go.set()

    def test_is_too_busy_for_more_of_theirs(self, pool: ImagePool) -> None:
        with pytest.raises(Busy):
            pool.inspect(picture(), "image/png", ADA)

    def test_makes_room_for_another_who_comes_next(self, pool: ImagePool, order: list[str]) -> None:
        def grace() -> None:
            pool.inspect(picture(), "image/png", GRACE)
            order.append("Grace")

        waiting = self.threads.submit(grace)
        until(lambda: [job.user_id for job in pool._waiting].count(GRACE))
        self.slow.let_go.set()
        waiting.result(10)
        assert order[:2] == ["Ada", "Grace"]

    def test_turns_one_of_theirs_away_for_it(self, pool: ImagePool, filled: list[Future[None]]) -> None:
        waiting = self.threads.submit(pool.inspect, picture(), "image/png", GRACE)
        until(lambda: any(job.done() for job in filled))
        self.slow.let_go.set()
        waiting.result(10)
        assert [type(job.exception(10)) for job in filled] == [type(None)] * 3 + [Busy]


class TestTheProgram:
    def test_ends_with_the_worker_that_feeds_it(self) -> None:
        with subprocess.Popen(
            [*PROGRAM, "variant", "320"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as program:
            assert program.stdin is not None
            program.stdin.close()
            assert program.wait(10) == 3

    def test_knows_nothing_of_the_application(self) -> None:
        names = subprocess.run(
            [sys.executable, "-I", "-X", "importtime", *PROGRAM[2:], "variant", "320"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        ).stderr
        assert (b"PIL.Image" in names, b"flask" in names) == (True, False)


LARGEST = {
    "png": 'Image.new("RGBA", (7300, 5470), (1, 2, 3, 4)).save(sys.argv[1], "PNG", compress_level=1)',
    "jpeg": 'Image.new("RGB", (7300, 5470)).save(sys.argv[1], "JPEG", progressive=True, subsampling=0)',
    "webp": 'Image.new("RGBA", (4000, 3990), (1, 2, 3, 4)).save(sys.argv[1], "WEBP", lossless=True, method=0)',
    "gif": 'f = [Image.new("L", (3100, 3200), n) for n in range(3)]\n'
    'f[0].save(sys.argv[1], "GIF", save_all=True, append_images=f[1:])',
}


@pytest.fixture(scope="module", params=LARGEST)
def largest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("largest") / str(request.param)
    maker = f"import sys\nfrom PIL import Image\n{LARGEST[request.param]}"
    subprocess.run([sys.executable, "-c", maker, path], check=True)
    return path


class TestTheLargestPicturesThatAreAllowed:
    def test_are_inspected_in_300_mb(self, largest: Path) -> None:
        assert memory_of(largest, "inspect", f"image/{largest.name}") < 300 * MEGABYTE

    def test_are_shown_in_300_mb(self, largest: Path) -> None:
        assert memory_of(largest, "variant", "1280") < 300 * MEGABYTE


# A process starts with the peak of the one that started it, so let that be a small one.
MEASURE = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(ended.returncode)
"""


def memory_of(path: Path, *job: str) -> int:
    with path.open("rb") as file:
        command = [sys.executable, "-c", MEASURE, *PROGRAM, *job]
        peak = int(subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True).stdout)
    return peak * (1 if sys.platform == "darwin" else 1024)
