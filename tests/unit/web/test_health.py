"""What the blog tells a load balancer of itself."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import text

from app import readiness
from app.config import Settings
from app.storage.disk import DiskStore
from app.web import checks, health
from tests.conftest import ROOT, NewApp
from tests.unit.auth.stub_provider import StubProvider

pytestmark = pytest.mark.both_databases

PATIENCE = 10


def told(app: Flask) -> tuple[int, dict[str, str]]:
    """Raises TimeoutError when there is no answer for a long time."""
    client = app.test_client(use_cookies=False)
    pool = ThreadPoolExecutor(1)
    try:
        answer = pool.submit(client.get, "/readyz").result(PATIENCE)
    finally:
        pool.shutdown(wait=False)
    return answer.status_code, answer.get_json()


@pytest.fixture
def provider() -> Iterator[StubProvider]:
    provider = StubProvider()
    yield provider
    provider.stop()


class TestABlogThatHasAllItNeeds:
    @pytest.fixture
    def blog(self, new_app: NewApp, provider: StubProvider) -> Flask:
        return new_app(oidc_issuer=provider.issuer)

    def test_is_ready(self, blog: Flask) -> None:
        states = dict.fromkeys(("status", "database", "schema", "disk", "store", "provider"), "ok")
        assert told(blog) == (200, {**states, "cache": "none"})

    def test_does_not_ask_the_provider_each_time(self, blog: Flask, provider: StubProvider) -> None:
        for _ in range(3):
            told(blog)
        assert provider.asked("/.well-known/openid-configuration") == 1

    def test_does_not_ask_the_store_each_time(self, blog: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(DiskStore, "head", lambda _store, key: asked.append(key))
        for _ in range(3):
            told(blog)
        assert len(asked) == 1


class TestAProviderThatIsSilent:
    @pytest.fixture
    def blog(self, new_app: NewApp, provider: StubProvider, monkeypatch: pytest.MonkeyPatch) -> Flask:
        monkeypatch.setattr(checks, "LIMIT", 0.05)
        monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)
        provider.silent_at = "/.well-known/openid-configuration"
        return new_app(oidc_issuer=provider.issuer)

    def test_is_not_waited_for(self, blog: Flask, provider: StubProvider) -> None:
        states = told(blog)[1]
        assert (provider.released.is_set(), states["provider"]) == (False, "down")

    def test_is_no_reason_to_send_people_elsewhere(self, blog: Flask) -> None:
        status, states = told(blog)
        assert (status, states["status"]) == (200, "degraded")

    def test_is_asked_by_one_at_a_time(self, blog: Flask, provider: StubProvider) -> None:
        for _ in range(3):
            told(blog)
        assert provider.asked("/.well-known/openid-configuration") == 1


class TestTheChecks:
    def test_take_less_than_a_second(self) -> None:
        assert checks.LIMIT < 1


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
        status, states = told(blog)
        assert (status, states["status"], states["database"], states["schema"]) == (503, "down", "ok", "old")

    def test_that_was_never_made_is_not_enough(self, blog: Flask) -> None:
        command.downgrade(self.config, "base")
        with blog.extensions["database"].write() as db:
            db.execute(text("DROP TABLE alembic_version"))
        assert told(blog)[1]["schema"] == "old"

    def test_that_is_newer_will_do_while_a_deployment_is_under_way(self, blog: Flask) -> None:
        with blog.extensions["database"].write() as db:
            db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        status, states = told(blog)
        assert (status, states["schema"]) == (200, "newer")

    def test_is_held_against_the_code_that_runs(
        self, blog: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By now there may be other code on the disk, with a migration more."""
        (tmp_path / "9999.py").write_text('revision = "9999"\ndown_revision = "0004"\n')
        monkeypatch.setattr(health, "VERSIONS", tmp_path)
        assert told(blog)[1]["schema"] == "ok"


class TestADiskThatCannotBeWrittenTo:
    @pytest.fixture(autouse=True)
    def asked(self, new_app: NewApp, settings: Settings, tmp_path: Path) -> None:
        app = new_app(instance_dir=tmp_path / "gone", database_url=settings.database_url)
        self.status, self.states = told(app)

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
        status, states = told(new_app(database_url=silent))
        assert (status, states["database"], states["schema"]) == (503, "down", "unknown")
