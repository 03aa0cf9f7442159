"""The server that `gunicorn wsgi:app` starts, with the settings beside it, over code that changes and breaks."""

import os
import re
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from app.config import Settings
from tests.conftest import ROOT
from tests.forge.processes import listens, running
from tests.forge.redis_server import until
from tests.forge.seaweedfs import free_ports
from tests.small_disk import on_a_full_disk

pytestmark = pytest.mark.programs

CODE = """
import os
from prometheus_client import Counter

asked = Counter("asked", "How often this was asked.", ["by"])

def app(environ, start_response):
    for number in range(50):
        asked.labels(f"somebody whose name is about as long as names get, and {number}").inc()
    start_response("200 OK", [("X-Worker", str(os.getpid())), ("X-Scheme", environ["wsgi.url_scheme"])])
    return [b"one"]
"""
# Until it is told to go on.
SLOW_CODE = """
import os
from pathlib import Path
from threading import Event

Path(f"worker-{os.getpid()}").touch()

def app(environ, start_response):
    Path("asked").write_text(str(os.getpid()))
    while not Path("go").exists():
        Event().wait(0.01)
    start_response("200 OK", [])
    return [b"one"]
"""
PATIENCE = 60
GUNICORN = [sys.executable, "-m", "gunicorn", "wsgi:app"]


@dataclass
class Server:
    """Two workers over a folder of their own."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def counters(self) -> list[Path]:
        return list(self.folder.glob("instance/metrics/*/*.db"))

    def body(self) -> str:
        with urlopen(self.url, timeout=PATIENCE) as answer:  # noqa: S310  a loopback address of ours
            return str(answer.read().decode())

    def worker(self) -> int:
        """One of those that answer."""
        with urlopen(self.url, timeout=PATIENCE) as answer:  # noqa: S310
            return int(answer.headers["X-Worker"])

    def both_workers(self) -> set[int]:
        found: set[int] = set()

        def both() -> bool:
            found.add(self.worker())
            return len(found) == 2

        until(both, PATIENCE)
        return found

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def refuses(self, reason: str) -> bool:
        """To reload for that reason, and goes on."""
        until(lambda: f"Reload refused, the site goes on as it was: {reason}\n" in self.log, PATIENCE)
        return bool(self.body())


@contextmanager
def started(
    folder: Path, *options: str, port: int | None = None, wrapped: Callable[[list[str]], list[str]] = list
) -> Iterator[Server]:
    """With that port only in the file of settings, or else on a socket of ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log").open("wb") as log:
        bind = [] if port else [f"--bind=fd://{listener.fileno()}"]
        with running(
            wrapped([*GUNICORN, *bind, *options]),
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
        ) as process:
            url = f"http://127.0.0.1:{port or listener.getsockname()[1]}/healthz"
            listener.close()
            until(lambda: process.poll() is not None or listens(url), PATIENCE)
            yield Server(folder, url, process)


def environment() -> dict[str, str]:
    settings = [name.upper() for name in Settings.model_fields]
    ours = {name: value for name, value in os.environ.items() if name not in settings}
    # A module that is changed twice in a second looks unchanged to its compiled form.
    return {**ours, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}


def filled(folder: Path) -> Path:
    shutil.copy(ROOT / "gunicorn.conf.py", folder)
    (folder / "wsgi.py").write_text(CODE)
    (folder / ".env").write_text("WEB_CONCURRENCY=2\n")
    (folder / "instance").mkdir()
    (folder / "instance/secret_key").write_text(secrets.token_hex(32))
    return folder


@contextmanager
def ready(folder: Path) -> Iterator[Server]:
    with started(folder) as server:
        # Until all have begun, it is a first start, which may fail.
        server.both_workers()
        yield server


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
    folder = filled(tmp_path_factory.mktemp("shared"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        with ready(folder) as server:
            yield server


def client_of(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


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


class TestAServerThatRuns:
    def test_opens_no_socket_where_others_would(self, shared_server: Server) -> None:
        assert [path for path in shared_server.folder.iterdir() if path.is_socket()] == []


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
        for name in ("__init__", "config", "instance", "setting_checks"):
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
        with started(folder, "--timeout", "3") as server:
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

    def test_leaves_no_counters_of_workers_that_never_were(self, halved: Halved) -> None:
        real = {f"counter_{pid}.db" for pid in (halved.gone, halved.left)}
        until(lambda: {path.name for path in halved.server.counters} == real, PATIENCE)


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
            assert server.body() == "one"


class TestAWorkersCounters:
    def test_take_their_room_on_the_disk_at_once(self, shared_server: Server) -> None:
        names = {f"counter_{pid}.db" for pid in shared_server.both_workers()}
        sizes = {path.name: path.stat() for path in shared_server.counters}
        assert set(sizes) == names
        # A file that is mapped into memory, and has less, ends its process on a full disk.
        assert all(size.st_blocks * 512 >= size.st_size > 0 for size in sizes.values())

    def test_never_outgrow_it(self, folder: Path) -> None:
        with started(folder) as server:
            until(lambda: len(server.counters) == 2, PATIENCE)
            before = {path: path.stat().st_size for path in server.counters}
            server.both_workers()
            assert {path: path.stat().st_size for path in server.counters} == before

    def test_are_for_nobody_else_to_read(self, shared_server: Server) -> None:
        assert {stat.S_IMODE(path.stat().st_mode) for path in shared_server.counters} == {0o600}

    def test_are_done_without_where_they_cannot_be(self, folder: Path) -> None:
        (folder / "instance/metrics").write_text("not a folder")
        with started(folder) as server:
            assert server.body() == "one"
            assert re.search(r"Worker \d+ is missing from /metrics: .*Not a directory", server.log)
