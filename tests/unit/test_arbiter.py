"""How workers are replaced: by gunicorn as it is started, over code that waits, hangs and dies."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import arbiter
from app.arbiter import Arbiter
from tests.forge.redis_server import until
from tests.unit.gunicorn_server import CODE, PATIENCE, SLOW_CODE, Server, client_of, filled, is_running, ready, started

# A worker that begins waits for a file, as code does that takes long to import; trying it does not.
SLOW_START = """
import sys
from pathlib import Path
from threading import Event

while "--check-config" not in sys.argv and not Path("begin").exists():
    Event().wait(0.01)
"""
HANGING_CODE = """
import os
from threading import Event

def app(environ, start_response):
    if environ["PATH_INFO"] != "/healthz":
        wait_for_what_never_comes()
    start_response("200 OK", [("X-Worker", str(os.getpid()))])
    return [b"one"]

def wait_for_what_never_comes():
    Event().wait()
"""

pytestmark = pytest.mark.programs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with ready(folder) as server:
        yield server


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def ask(server: Server, path: str) -> None:
    """For something whose answer does not matter."""
    with suppress(OSError), client_of(server) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        client.recv(100)


def answering(server: Server) -> int | None:
    """The worker that answers, or none where nobody does in time."""
    with suppress(OSError):
        return server.worker()
    return None


class TestWhileNewWorkersBegin:
    @pytest.fixture(autouse=True)
    def beginning(self, folder: Path, server: Server) -> None:
        self.before = server.both_workers()
        (folder / "wsgi.py").write_text(SLOW_START + CODE.replace("one", "two"))
        server.reload()
        until(lambda: len(server.workers("starting")) > 0, PATIENCE)
        self.server, self.folder = server, folder

    def test_all_the_old_ones_serve(self) -> None:
        assert set(self.server.workers("ready")) == self.server.both_workers() == self.before

    def test_there_is_one_more_and_not_twice_as_many(self) -> None:
        assert len(self.server.told["workers"]) == 3

    def test_one_that_is_killed_is_replaced(self) -> None:
        os.kill(min(self.before), signal.SIGKILL)
        until(lambda: len(self.server.workers("starting")) == 2, PATIENCE)
        assert self.server.workers("ready") == [max(self.before)]

    def test_the_new_ones_take_over_once_they_can(self) -> None:
        (self.folder / "begin").touch()
        until(lambda: len(set(self.server.workers("ready")) - self.before) == 2, PATIENCE)
        until(lambda: self.server.told["ends"] == {"reload": 2}, PATIENCE)
        assert self.server.body() == "two"


class TestAReloadWhileAnOldWorkerIsBusy:
    def test_keeps_the_arbiter_from_nothing(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        (folder / "wsgi.py").write_text(SLOW_CODE)
        with started(folder) as server:
            until(lambda: len(server.workers("ready")) == 2, PATIENCE)
            before = set(server.workers("ready"))
            answer = pool.submit(server.body)
            until((folder / "asked").exists, PATIENCE)
            (folder / "wsgi.py").write_text(CODE)
            server.reload()
            until(lambda: len(set(server.workers("ready")) - before) == 2, PATIENCE)
            killed = server.worker()
            os.kill(killed, signal.SIGKILL)
            until(lambda: len(set(server.workers("ready")) - {killed}) == 2, PATIENCE)
            (folder / "go").touch()
            assert answer.result(PATIENCE) == "one"


class TestAWorkerThatHasServedForLong:
    def test_goes_on_until_another_is_ready(self, folder: Path) -> None:
        (folder / ".env").write_text("WEB_CONCURRENCY=1")
        with started(folder, "--max-requests", "3", "--max-requests-jitter", "0") as server:
            old = server.worker()
            (folder / "wsgi.py").write_text(SLOW_START + CODE)
            until(lambda: server.worker() == old and len(server.workers("starting")) > 0, PATIENCE)
            assert server.worker() == old
            (folder / "begin").touch()
            until(lambda: server.told["ends"].get("recycled") == 1, PATIENCE)


class TestAWorkerThatIsKilled:
    def test_is_replaced_and_told_of(self, server: Server) -> None:
        killed = server.worker()
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(set(server.workers("ready")) - {killed}) == 2, PATIENCE)
        [end] = server.told["recent"]
        assert (end["pid"], end["why"]) == (killed, "killed by SIGKILL")


class TestAWorkerThatIsToldToStopByHand:
    def test_is_replaced_while_it_still_works(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        (folder / "wsgi.py").write_text(SLOW_CODE)
        with started(folder) as server:
            until(lambda: len(server.workers("ready")) == 2, PATIENCE)
            answer = pool.submit(server.body)
            until(lambda: (folder / "asked").exists() and (folder / "asked").read_text(), PATIENCE)
            os.kill(int((folder / "asked").read_text()), signal.SIGTERM)
            until(lambda: len(server.workers("ready")) == 2 and len(server.workers("stopping")) == 1, PATIENCE)
            (folder / "go").touch()
            assert answer.result(PATIENCE) == "one"
            until(lambda: server.told["ends"] == {"told to stop": 1}, PATIENCE)


class TestAWorkerThatStandsStill:
    def test_is_replaced(self, folder: Path) -> None:
        with started(folder, "--timeout", "2") as server:
            stopped = min(server.both_workers())
            os.kill(stopped, signal.SIGSTOP)
            until(lambda: not is_running(stopped) and server.told["ends"] != {}, PATIENCE)
            assert server.told["ends"] == {"hung: it was not heard for 2 s": 1}
            until(lambda: len(server.workers("ready")) == 2, PATIENCE)


class TestAWorkerWhoseThreadsAllWaitForEver:
    @pytest.fixture(scope="class")
    @classmethod
    def hung(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        folder = filled(tmp_path_factory.mktemp("hung"))
        (folder / "wsgi.py").write_text(HANGING_CODE)
        options = ["--timeout", "2", "--graceful-timeout", "1", "--threads", "2"]
        with ThreadPoolExecutor(4) as pool, started(folder, *options) as server:
            until(lambda: len(server.workers("ready")) == 2, PATIENCE)
            for _ in range(4):
                pool.submit(ask, server, "/hang")
            yield server

    def test_is_replaced(self, hung: Server) -> None:
        until(lambda: hung.told["ends"] != {}, PATIENCE)
        assert set(hung.told["ends"]) == {"hung: its threads stood still"}

    def test_tells_where_they_waited(self, hung: Server) -> None:
        until(lambda: "wait_for_what_never_comes < wsgi.py:" in hung.log, PATIENCE)


class TestAWorkerWhoseThreadsAreAllBusyForLong:
    def test_is_left_to_finish(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        (folder / "wsgi.py").write_text(SLOW_CODE)
        with started(folder, "--timeout", "2", "--threads", "1") as server:
            until(lambda: len(server.workers("ready")) == 2, PATIENCE)
            answers = [pool.submit(server.answers) for _ in range(2)]
            until(lambda: [worker["busy"] for worker in server.told["workers"]] == [1, 1], PATIENCE)
            busy_at = server.told["at"]
            until(lambda: server.told["at"] > busy_at + 4, PATIENCE)
            (folder / "go").touch()
            assert ([answer.result(PATIENCE) for answer in answers], server.told["ends"]) == ([True, True], {})


class TestAWorkerWithoutAFreeThread:
    def test_leaves_new_clients_to_the_other(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        (folder / "wsgi.py").write_text(HANGING_CODE)
        with started(folder, "--timeout", "0", "--threads", "1") as server:
            both = server.both_workers()
            pool.submit(ask, server, "/hang")
            until(lambda: sum(worker["busy"] for worker in server.told["workers"]) == 1, PATIENCE)
            free = {worker["pid"] for worker in server.told["workers"] if not worker["busy"]}
            assert free < both
            assert all(answering(server) in free for _ in range(20))
            for pid in both - free:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An arbiter with one worker, whose time the test tells, and which only notes whom it would kill."""
    made: Any = Arbiter.__new__(Arbiter)
    made.now, made.killed, made.timeout = 1000.0, [], 10
    made.log = SimpleNamespace(critical=print)
    made.kill_worker = lambda pid, _: made.killed.append(pid)
    tmp = SimpleNamespace(last_update=lambda: 1000.0)
    made.worker = SimpleNamespace(pid=1, ready=True, made=1000.0, figures=SimpleNamespace(stuck=0), tmp=tmp)
    made.WORKERS = {1: made.worker}
    monkeypatch.setattr(arbiter, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def passed(bare: Any, *times: float) -> list[int]:
    for bare.now in times:
        bare.murder_workers()
    killed: list[int] = bare.killed
    return killed


class TestAnArbiter:
    def test_kills_who_says_nothing(self, bare: Any) -> None:
        assert passed(bare, *range(1001, 1013)) == [1]

    def test_blames_nobody_when_it_stood_still_itself(self, bare: Any) -> None:
        assert passed(bare, 1001, 1100, 1101) == []

    def test_kills_who_does_not_get_ready(self, bare: Any) -> None:
        bare.worker.ready = False
        assert passed(bare, *range(1001, 1062)) == [1]

    def test_gives_who_begins_a_minute(self, bare: Any) -> None:
        bare.worker.ready = False
        assert passed(bare, *range(1001, 1060)) == []
