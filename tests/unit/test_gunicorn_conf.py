"""The server that `gunicorn wsgi:app` starts, with the settings beside it, over code that changes and breaks."""

import json
import os
import platform
import re
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ROOT
from tests.forge.redis_server import until
from tests.forge.seaweedfs import free_ports
from tests.small_disk import on_a_full_disk
from tests.unit.gunicorn_server import (
    CODE,
    GUNICORN,
    PATIENCE,
    SLOW_CODE,
    Server,
    client_of,
    environment,
    filled,
    is_running,
    ready,
    started,
)

pytestmark = pytest.mark.programs

# What gunicorn.conf.py takes from the app.
MODULES = (
    *("__init__", "arbiter", "config", "headers", "instance", "limit_settings", "log", "machine", "release"),
    *("setting_checks", "worker"),
)
# To any question but the harness's own, whether it is there.
FAILING_CODE = """
import threading
import warnings

def app(environ, start_response):
    if not environ["QUERY_STRING"]:
        start_response("200 OK", [])
        return [b"one"]
    warnings.warn("a made-up warning", stacklevel=1)
    threading.Thread(target=lambda: 1 / 0).start()
    raise RuntimeError("no answer")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """A server for one test to reload and to kill."""
    with ready(folder) as server:
        yield server


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that leave it as it is."""
    with ready(filled(tmp_path_factory.mktemp("shared"))) as server:
        yield server


class TestARequestWithTooMuchOfSomething:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            pytest.param("GET /" + "a" * 4100 + " HTTP/1.1\r\n\r\n", "414", id="in its line"),
            pytest.param("GET / HTTP/1.1\r\n" + "A: b\r\n" * 65 + "\r\n", "431", id="headers"),
            pytest.param("GET / HTTP/1.1\r\nA: " + "b" * 8200 + "\r\n\r\n", "431", id="in a header"),
        ],
    )
    def test_is_refused(self, shared_server: Server, sent: str, status: str) -> None:
        with client_of(shared_server) as client:
            client.sendall(sent.encode())
            assert client.recv(100).decode().startswith(f"HTTP/1.1 {status}")

    def test_is_told_with_our_headers_and_nothing_of_what_was_sent(self, shared_server: Server) -> None:
        with client_of(shared_server) as client:
            client.sendall(b"GE<T / HTTP/1.1\r\n\r\n")
            head, _, body = client.makefile("rb").read().decode().partition("\r\n\r\n")
        assert "Content-Security-Policy: default-src 'none'; " in head
        assert "X-Content-Type-Options: nosniff" in head
        assert body == "Bad Request\n"


class TestARequestThatSaysItWasForwarded:
    def test_is_not_believed_where_no_proxy_is_named(self, shared_server: Server) -> None:
        asked = Request(shared_server.url, headers={"X-Forwarded-Proto": "https"})  # noqa: S310  a loopback address of ours
        with urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310
            assert answer.headers["X-Scheme"] == "http"


class TestAClient:
    @pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="a system that lets in who says nothing")
    def test_that_says_nothing_is_not_let_in(self, shared_server: Server) -> None:
        with client_of(shared_server) as client:
            here, there = (f"{number:04X}" for number in (client.getsockname()[1], client.getpeername()[1]))
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
            states = [row[3] for row in rows if row[1].endswith(f":{there}") and row[2].endswith(f":{here}")]
        # As it is before a connection is made.
        assert states == ["03"]

    def test_that_says_no_more_is_hung_up_on(self, folder: Path) -> None:
        settings = folder / "gunicorn.conf.py"
        settings.write_text(settings.read_text().replace("_CLIENT_SECONDS = 10", "_CLIENT_SECONDS = 1"))
        with started(folder) as server:
            # Who came before the server was ready is treated as any server does.
            server.both_workers()
            with client_of(server) as client:
                client.sendall(b"G")
                assert select.select([client], [], [], PATIENCE / 3)[0] == [client]


class TestItsSettingsAsGunicornReadsThem:
    def test_open_no_socket_where_others_would(self, folder: Path) -> None:
        # A server that runs opens it at some time after it serves.
        command = [*GUNICORN, "--check-config", "--print-config"]
        read = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
        assert re.search(r"^control_socket_disable +\W +True$", read.stdout, re.MULTILINE)

    def test_lets_nobody_in_from_another_machine(self, folder: Path) -> None:
        assert settings_of(folder)["bind"] == "['[127.0.0.1]:8000']"

    def test_has_two_workers_at_least(self, folder: Path) -> None:
        (folder / ".env").unlink()
        assert int(settings_of(folder)["workers"]) >= 2

    def test_replaces_a_worker_some_time(self, folder: Path) -> None:
        settings = settings_of(folder)
        assert int(settings["max_requests"]) >= int(settings["max_requests_jitter"]) > 0


def settings_of(folder: Path) -> dict[str, str]:
    """gunicorn's own words, for a server in that folder."""
    command = [*GUNICORN, "--check-config", "--print-config"]
    told = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    return dict(re.findall(r"^(\w+) += (.*)$", told.stdout, re.MULTILINE))


class TestAServerWithoutAnEnvironmentOfItsOwn:
    def test_says_that_it_is_for_development(self, folder: Path) -> None:
        (folder / ".env").write_text("WEB_CONCURRENCY=1\n")
        with started(folder) as server:
            told = "APP_ENV is not set: this is a development blog, for this machine alone"
            until(lambda: told in server.log, PATIENCE)


def parsed(line: str) -> dict[str, Any]:
    """A line of the log; one that is no JSON is nothing but an event."""
    with suppress(ValueError):
        return dict(json.loads(line))
    return {"event": line}


class TestAServerInProduction:
    SECRET = secrets.token_hex(32)

    @pytest.fixture(scope="class")
    @classmethod
    def stopped(cls, tmp_path_factory: pytest.TempPathFactory) -> Server:
        """It was asked something odd, and its worker's thread failed, before it was stopped."""
        folder = filled(tmp_path_factory.mktemp("production"))
        settings = {
            "APP_ENV": "production",
            "SECRET_KEY": cls.SECRET,
            "BASE_URL": "https://blog.example",
            "OIDC_CLIENT_ID": "blog",
            "OIDC_CLIENT_SECRET": cls.SECRET[::-1],
            "WEB_CONCURRENCY": "1",
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (folder / "wsgi.py").write_text(FAILING_CODE)
        with started(folder) as server:
            with suppress(OSError), urlopen(f"{server.url}?code=very-secret", timeout=PATIENCE):  # noqa: S310
                pass
            until(lambda: "a thread ended" in server.log, PATIENCE)
            server.process.terminate()
            server.process.wait(PATIENCE)
        return server

    @pytest.fixture
    def lines(self, stopped: Server) -> dict[str, dict[str, Any]]:
        """What was logged, by its event."""
        return {line["event"]: line for line in map(parsed, stopped.log.splitlines())}

    def test_logs_nothing_but_lines_with_a_time_and_a_process(self, lines: dict[str, dict[str, Any]]) -> None:
        assert [line for line in lines.values() if not {"timestamp", "level", "pid", "logger"} <= line.keys()] == []

    def test_says_which_code_it_serves_and_how_it_is_set(self, lines: dict[str, dict[str, Any]]) -> None:
        said = lines.get("serving", {"release": "", "settings": {}})
        assert re.fullmatch("[0-9a-f]{16}", said["release"])
        assert said["settings"]["base_url"] == "https://blog.example"

    def test_says_when_it_starts_and_stops(self, lines: dict[str, dict[str, Any]]) -> None:
        assert {"Shutting down: Master"} <= lines.keys()
        assert [event for event in lines if event.startswith("Booting worker with pid")] != []

    def test_tells_a_failing_request_without_its_query(self, lines: dict[str, dict[str, Any]]) -> None:
        (failed,) = [line for event, line in lines.items() if event.startswith("Error handling request")]
        assert failed["event"] == "Error handling request GET /healthz?…"
        assert "RuntimeError: no answer" in failed["exception"]

    def test_tells_of_a_thread_that_failed(self, lines: dict[str, dict[str, Any]]) -> None:
        assert "ZeroDivisionError" in lines["a thread ended"]["exception"]

    def test_tells_of_a_warning(self, lines: dict[str, dict[str, Any]]) -> None:
        assert [line["logger"] for event, line in lines.items() if "a made-up warning" in event] == ["py.warnings"]

    def test_never_shows_a_secret(self, stopped: Server) -> None:
        assert self.SECRET not in stopped.log
        assert self.SECRET[::-1] not in stopped.log


class TestAServerThatIsStopped:
    def test_finishes_what_is_in_flight(self, folder: Path) -> None:
        (folder / "wsgi.py").write_text(SLOW_CODE)
        with started(folder) as server, ThreadPoolExecutor(1) as pool:
            until(lambda: len(list(folder.glob("worker-*"))) == 2, PATIENCE)
            answer = pool.submit(server.body)
            until(lambda: (folder / "asked").exists() and (folder / "asked").read_text(), PATIENCE)
            (folder / f"worker-{(folder / 'asked').read_text()}").unlink()
            [idle] = folder.glob("worker-*")
            server.process.terminate()
            until(lambda: not is_running(int(idle.name.removeprefix("worker-"))), PATIENCE)
            (folder / "go").touch()
            assert answer.exception(PATIENCE) is None


class TestAReloadOfCodeThatDoesNotImport:
    @staticmethod
    def refuse(server: Server) -> None:
        (server.folder / "wsgi.py").write_text("import nowhere")
        server.reload()
        assert server.refuses("ModuleNotFoundError: No module named 'nowhere'")

    @pytest.fixture(scope="class")
    @classmethod
    def refused(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with ready(filled(tmp_path_factory.mktemp("refused"))) as server:
            cls.refuse(server)
            yield server

    def test_leaves_the_old_code_serving(self, refused: Server) -> None:
        assert refused.body() == "one"

    def test_says_why_in_one_line(self, refused: Server) -> None:
        assert len(refused.log.splitlines()) == 1

    def test_is_made_good_by_code_that_does(self, server: Server) -> None:
        self.refuse(server)
        (server.folder / "wsgi.py").write_text(CODE.replace("one", "two"))
        server.reload()
        until(lambda: server.body() == "two", PATIENCE)


class TestAReload:
    @pytest.fixture(scope="class")
    @classmethod
    def refusing(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        """A server that is only asked for what it must refuse, and so stays as it is."""
        with ready(filled(tmp_path_factory.mktemp("refusing"))) as server:
            yield server

    @pytest.fixture
    def changed(self, refusing: Server, name: str, text: str) -> Iterator[Server]:
        file = refusing.folder / name
        before = file.read_bytes() if file.exists() else None
        file.write_text(text)
        yield refusing
        file.unlink() if before is None else file.write_bytes(before)

    @pytest.mark.parametrize(
        ("name", "text", "reason"),
        [
            ("gunicorn.conf.py", "def (", "SyntaxError: invalid syntax"),
            ("wsgi.py", "import os\nos._exit(9)", "trying it ended with 9"),
            ("authlib.py", "import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
            (".env", "WEB_CONCURRENCY=many", "Inkwell cannot start: WEB_CONCURRENCY must be a whole number"),
        ],
    )
    def test_that_gunicorn_cannot_try_is_refused(self, changed: Server, reason: str) -> None:
        changed.reload()
        assert changed.refuses(reason)

    def test_of_settings_that_do_not_hold_is_refused(self, folder: Path) -> None:
        (folder / "wsgi.py").unlink()
        (folder / ".env").write_text("WEB_CONCURRENCY=1")
        with started(folder, "--timeout", "120") as server:
            assert server.body()
            (folder / ".env").write_text("SECRET_KEY=short")
            server.reload()
            assert server.refuses("Inkwell cannot start: SECRET_KEY is too short: 32 random bytes or more")

    def test_takes_the_settings_code_as_it_is_by_then(self, folder: Path) -> None:
        for name in MODULES:
            (folder / "app").mkdir(exist_ok=True)
            shutil.copy(ROOT / f"app/{name}.py", folder / f"app/{name}.py")
        (folder / "app/auth").mkdir()
        (folder / "app/auth/oidc.py").touch()
        with started(folder) as server:
            before = server.both_workers()
            with (folder / "app/instance.py").open("a") as instance, (folder / "app/config.py").open("a") as config:
                instance.write("\nNEW = 1\n")
                config.write("\nfrom app.instance import NEW  # noqa\n")
            server.reload()
            until(lambda: server.worker() not in before, PATIENCE)

    def test_with_another_port_is_refused(self, folder: Path) -> None:
        port, other = free_ports(2)
        (folder / ".env").write_text(f"PORT={port}")
        with started(folder, port=port) as server:
            (folder / ".env").write_text(f"PORT={other}")
            server.reload()
            assert server.refuses("another address to listen on takes a restart")

    def test_without_its_interpreter_is_refused(self, folder: Path) -> None:
        python = folder / "python"
        python.symlink_to(sys.executable)
        with started(folder, wrapped=lambda command: [str(python), *command[1:]]) as server:
            assert server.body() == "one"
            python.unlink()
            server.reload()
            assert server.refuses(f"[Errno 2] No such file or directory: '{python}'")

    def test_of_code_that_hangs_is_refused(self, folder: Path) -> None:
        settings = folder / "gunicorn.conf.py"
        settings.write_text(settings.read_text().replace("_TRIAL_SECONDS = 60", "_TRIAL_SECONDS = 3"))
        with started(folder) as server:
            server.both_workers()
            (folder / "wsgi.py").write_text("import threading\nthreading.Event().wait()")
            server.reload()
            assert server.refuses("the code does not import within 3 seconds")


READ_TWICE = """
import runpy, sys
from pathlib import Path
runpy.run_path("gunicorn.conf.py")
with Path("app/config.py").open("a") as code:
    code.write("\\nOF_THE_NEXT_DEPLOYMENT = True\\n")
runpy.run_path("gunicorn.conf.py")
print(hasattr(sys.modules["app.config"], "OF_THE_NEXT_DEPLOYMENT"))
"""


class TestSettingsThatAreReadAgain:
    def test_are_read_by_the_code_that_is_there_by_then(self, tmp_path: Path) -> None:
        shutil.copy(ROOT / "gunicorn.conf.py", tmp_path)
        shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-c", READ_TWICE]
        read = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
        assert read.stdout == "True\n"


class Halved(NamedTuple):
    """A server of whose workers one was killed."""

    server: Server
    gone: int
    left: int


class TestAWorkerKilledOverCodeThatDoesNotImport:
    @staticmethod
    def kill(server: Server) -> Halved:
        gone, left = server.both_workers()
        (server.folder / "wsgi.py").write_text("import nowhere")
        os.kill(gone, signal.SIGKILL)
        until(lambda: "exited with code" in server.log, PATIENCE)
        return Halved(server, gone, left)

    @pytest.fixture(scope="class")
    @classmethod
    def halved(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Halved]:
        with ready(filled(tmp_path_factory.mktemp("killed"))) as server:
            yield cls.kill(server)

    def test_leaves_the_other_serving(self, halved: Halved) -> None:
        until(lambda: halved.server.log.count("exited with code") > 1, PATIENCE)
        assert halved.server.worker() == halved.left

    def test_is_replaced_once_it_does(self, server: Server) -> None:
        left = self.kill(server).left
        (server.folder / "wsgi.py").write_text(CODE)
        until(lambda: server.worker() != left, PATIENCE)


class TestAFirstStart:
    @pytest.fixture(scope="class")
    @classmethod
    def ended(cls, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
        folder = filled(tmp_path_factory.mktemp("first"))
        (folder / "wsgi.py").write_text("import nowhere")
        command = [*GUNICORN, "--bind=127.0.0.1:0"]
        return subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def test_ends_when_the_code_does_not_import(self, ended: subprocess.CompletedProcess[str]) -> None:
        # 3, or 1 where the second worker fails while gunicorn is ending for the first.
        assert ended.returncode in (1, 3)

    def test_says_why(self, ended: subprocess.CompletedProcess[str]) -> None:
        assert "ModuleNotFoundError: No module named 'nowhere'\n" in ended.stderr


class TestAStartOnAFullDisk:
    def test_takes_place(self, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        with started(folder, wrapped=partial(on_a_full_disk, folder, tmp_path_factory.mktemp("disk"))) as server:
            assert server.answers()


def replaced(server: Server, gone: int) -> bool:
    return len(set(server.workers("ready")) - {gone}) == 2


# As glibc aligns the heaps that it maps for threads.
HEAP_BYTES = 64 * 1024 * 1024


def heaps_of_threads(pid: int) -> list[str]:
    maps = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    unnamed = [(first.partition("-")[0], mode) for first, mode, *rest in maps if len(rest) == 3]
    return [start for start, mode in unnamed if mode == "rw-p" and int(start, 16) % HEAP_BYTES == 0]


class TestTheMemoryOfAWorker:
    @pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="No other C library has a heap for each thread.")
    def test_is_one_heap_for_all_its_threads(self, shared_server: Server) -> None:
        assert heaps_of_threads(shared_server.worker()) == []


FILES = {f"{kind}_{number}.db" for kind in ("counter", "histogram") for number in (1, 2)}


class TestTheMetricsOfAWorker:
    def test_take_their_room_on_the_disk_at_once(self, shared_server: Server) -> None:
        shared_server.both_workers()
        sizes = {path.name: path.stat() for path in shared_server.counters}
        assert set(sizes) == FILES
        # A file that is mapped into memory, and has less, ends its process on a full disk.
        assert all(size.st_blocks * 512 >= size.st_size > 0 for size in sizes.values())

    def test_never_outgrow_it(self, folder: Path) -> None:
        with started(folder) as server:
            until(lambda: {path.name for path in server.counters} == FILES, PATIENCE)
            before = {path: path.stat().st_size for path in server.counters}
            server.both_workers()
            assert {path: path.stat().st_size for path in server.counters} == before

    def test_are_its_successors_too(self, server: Server) -> None:
        """Or there would be a file for each worker that ever was."""
        for _ in range(2):
            gone = server.worker()
            os.kill(gone, signal.SIGKILL)
            until(partial(replaced, server, gone), PATIENCE)
        assert {path.name for path in server.counters} == FILES

    def test_are_gone_with_the_server(self, folder: Path) -> None:
        with started(folder) as server:
            server.both_workers()
        assert list((folder / "instance/metrics").iterdir()) == []

    def test_are_for_nobody_else_to_read(self, shared_server: Server) -> None:
        assert {stat.S_IMODE(path.stat().st_mode) for path in shared_server.counters} == {0o600}

    def test_are_done_without_where_they_cannot_be(self, folder: Path) -> None:
        (folder / "instance/metrics").write_text("not a folder")
        with started(folder) as server:
            assert server.answers()
            assert re.search(r"Worker \d+ is missing from /metrics: .*Not a directory", server.log)
