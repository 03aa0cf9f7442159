"""The server that `gunicorn wsgi:app` starts, over code of a test's own: two workers, in a folder of their own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from app.config import Settings
from app.status import servers
from tests.conftest import ROOT
from tests.forge.processes import listens, running
from tests.forge.redis_server import until

CODE = """
import os
from prometheus_client import Counter, Histogram

answers = Counter("answers", "A sentence about as long as those that say what is counted.", ["route", "status"])
cache = Counter("inkwell_cache_events", "As the blog counts them.", ["event"])
buckets = [1 / number for number in range(12, 0, -1)]
took = Histogram("took", "A sentence as long as the other.", ["route", "status"], buckets=buckets)

def app(environ, start_response):
    for event in ("hit_memory", "hit_redis", "hit_redis", "miss", "database_reads"):
        cache.labels(event).inc()
    for number in range(30):
        for status in range(6):
            answers.labels(f"attachments.show_variant_{number}", f"{status}00").inc()
            took.labels(f"attachments.show_variant_{number}", f"{status}00").observe(0.1)
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
# Less than the limit of a test, so that what does not come true is a failed assertion.
PATIENCE = 30
GUNICORN = [sys.executable, "-m", "gunicorn", "wsgi:app"]


@dataclass
class Server:
    """Two workers, unless its settings say otherwise."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def told(self) -> dict[str, Any]:
        """What its status is, once there is one."""
        until(lambda: bool(self._servers()), PATIENCE)
        return self._servers()[0]

    def _servers(self) -> list[dict[str, Any]]:
        return servers(self.folder / "instance/metrics")

    def workers(self, state: str) -> list[int]:
        return [worker["pid"] for worker in self.told["workers"] if worker["state"] == state]

    @property
    def counters(self) -> list[Path]:
        return list(self.folder.glob("instance/metrics/*/*.db"))

    def body(self) -> str:
        with urlopen(self.url, timeout=PATIENCE) as answer:  # noqa: S310  a loopback address of ours
            return str(answer.read().decode())

    def answers(self) -> bool:
        """Rather than having ended."""
        with suppress(OSError):
            return bool(self.body())
        return False

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
    (folder / ".env").write_text("APP_ENV=development\nWEB_CONCURRENCY=2\n")
    (folder / "instance").mkdir()
    (folder / "instance/secret_key").write_text(secrets.token_hex(32))
    return folder


@contextmanager
def ready(folder: Path) -> Iterator[Server]:
    with started(folder) as server:
        # Until all have begun, it is a first start, which may fail.
        server.both_workers()
        # The arbiter says so a little later.
        until(lambda: len(server.workers("ready")) == 2, PATIENCE)
        yield server


def client_of(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
