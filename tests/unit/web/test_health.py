"""What the blog tells a load balancer of itself."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import make_url, text

from app.config import Settings
from app.web import health
from tests.conftest import ROOT, NewApp

pytestmark = pytest.mark.both_databases

PATIENCE = 10


def readiness(app: Flask) -> tuple[int, dict[str, str]]:
    """Raises TimeoutError when there is no answer for a long time."""
    client = app.test_client(use_cookies=False)
    pool = ThreadPoolExecutor(1)
    try:
        answer = pool.submit(client.get, "/readyz").result(PATIENCE)
    finally:
        pool.shutdown(wait=False)
    return answer.status_code, answer.get_json()


class TestABlogThatHasAllItNeeds:
    def test_is_ready(self, app: Flask) -> None:
        assert readiness(app) == (200, {"status": "ok", "database": "ok", "schema": "ok", "disk": "ok"})


class TestASchema:
    @pytest.fixture
    def blog(self, new_app: NewApp, settings: Settings, tmp_path: Path) -> Flask:
        changes = {"instance_dir": tmp_path, "database_url": f"sqlite:///{tmp_path}/blog.db"}
        self.config = Config(toml_file=ROOT / "pyproject.toml")
        self.config.attributes["settings"] = settings.model_copy(update=changes)
        command.upgrade(self.config, "head")
        return new_app(**changes)

    def test_that_is_older_than_the_code_is_not_enough(self, blog: Flask) -> None:
        command.downgrade(self.config, "-1")
        status, states = readiness(blog)
        assert (status, states["status"], states["database"], states["schema"]) == (503, "down", "ok", "old")

    def test_that_was_never_made_is_not_enough(self, blog: Flask) -> None:
        command.downgrade(self.config, "base")
        with blog.extensions["database"].write() as db:
            db.execute(text("DROP TABLE alembic_version"))
        assert readiness(blog)[1]["schema"] == "old"

    def test_that_is_newer_will_do_while_a_deployment_is_under_way(self, blog: Flask) -> None:
        with blog.extensions["database"].write() as db:
            db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        status, states = readiness(blog)
        assert (status, states["status"], states["schema"]) == (200, "ok", "newer")

    def test_is_held_against_the_code_that_runs(
        self, blog: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By now there may be other code on the disk, with a migration more."""
        (tmp_path / "9999.py").write_text('revision = "9999"\ndown_revision = "0004"\n')
        monkeypatch.setattr(health, "VERSIONS", tmp_path)
        assert readiness(blog)[1]["schema"] == "ok"


class TestADiskThatCannotBeWrittenTo:
    @pytest.fixture(autouse=True)
    def asked(self, new_app: NewApp, settings: Settings, tmp_path: Path) -> None:
        app = new_app(instance_dir=tmp_path / "gone", database_url=settings.database_url)
        self.status, self.states = readiness(app)

    def test_is_said(self) -> None:
        assert self.states["disk"] == "down"

    @pytest.mark.usefixtures("on_sqlite")
    def test_is_too_little_for_a_database_on_it(self) -> None:
        assert (self.status, self.states["status"], self.states["database"]) == (503, "down", "ok")

    @pytest.mark.usefixtures("on_postgresql")
    def test_is_enough_beside_a_database_elsewhere(self) -> None:
        assert (self.status, self.states["status"]) == (200, "degraded")


@pytest.fixture
def on_sqlite(settings: Settings) -> None:
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("These tests run on PostgreSQL")


@pytest.fixture
def on_postgresql(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        pytest.skip("These tests run on SQLite")


@pytest.mark.programs
class TestADatabaseServerThatDoesNotAnswer:
    @pytest.fixture
    def silent(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            yield f"postgresql+psycopg://inkwell@127.0.0.1:{listener.getsockname()[1]}/blog"

    def test_is_down(self, new_app: NewApp, silent: str) -> None:
        status, states = readiness(new_app(database_url=silent))
        assert (status, states["database"], states["schema"]) == (503, "down", "unknown")


class Line:
    """A line to the database server that can fall silent, as it does when the server's machine freezes."""

    def __init__(self, database_url: str) -> None:
        self._server = make_url(database_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._silent = Event()
        port = self._listener.getsockname()[1]
        self.url = self._server.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        Thread(target=self._connect, daemon=True).start()

    def fall_silent(self) -> None:
        self._silent.set()

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _connect(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection((self._server.host, self._server.port or 5432))
                self._ends += [near, far]
                for pair in ((near, far), (far, near)):
                    Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._silent.is_set():
                    target.sendall(data)


@pytest.mark.usefixtures("on_postgresql")
class TestADatabaseServerThatFreezes:
    @pytest.fixture
    def blog(self, new_app: NewApp, settings: Settings) -> Iterator[Flask]:
        """It had a connection to the server already."""
        line = Line(settings.database_url)
        app = new_app(database_url=line.url)
        with app.extensions["database"].read() as db:
            db.execute(text("SELECT 1"))
        assert readiness(app)[0] == 200
        line.fall_silent()
        yield app
        line.close()

    def test_is_down(self, blog: Flask) -> None:
        status, states = readiness(blog)
        assert (status, states["database"]) == (503, "down")
