"""`flask doctor`."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wrappers import Request

from app.config import Settings
from app.doctor import deployment
from tests.conftest import ROOT, NewApp, migrate
from tests.forge.redis_server import RedisServer
from tests.unit.auth.stub_provider import StubProvider

pytestmark = pytest.mark.both_databases

NOBODY = "http://127.0.0.1:9"

Deployed = Callable[..., Flask]


@pytest.fixture(scope="module")
def provider() -> Iterator[StubProvider]:
    provider = StubProvider()
    yield provider
    provider.stop()


@pytest.fixture
def deployed(new_app: NewApp, provider: StubProvider, tmp_path: Path) -> Iterator[Deployed]:
    """A blog that runs, with all that it needs: `deployed(redis_url=...)`."""
    made: list[Flask] = []
    server = make_server("127.0.0.1", 0, Request.application(lambda request: made[0]), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    tmp_path.chmod(0o700)

    def deploy(**changes: Any) -> Flask:
        own = {"base_url": f"http://127.0.0.1:{server.port}", "oidc_issuer": provider.issuer, "instance_dir": tmp_path}
        made.append(new_app(**{**own, **changes}))
        return made[0]

    yield deploy
    server.shutdown()
    thread.join()
    server.server_close()


def told(blog: Flask) -> tuple[int, str]:
    result = blog.test_cli_runner().invoke(args=["doctor"])
    return result.exit_code, result.output


def wrong(blog: Flask) -> list[str]:
    """What has to be mended, by what it is about."""
    status, output = told(blog)
    found = [line.split()[1] for line in output.splitlines() if line.startswith("WRONG")]
    assert status == bool(found), output
    return found


class TestADeploymentThatIsWell:
    def test_has_nothing_to_mend(self, deployed: Deployed) -> None:
        status, output = told(deployed())
        assert (status, output.endswith("\nNothing to mend.\n")) == (0, True), output

    def test_is_told_the_redirect_address(self, deployed: Deployed) -> None:
        blog = deployed()
        assert (
            f"must know the redirect address {blog.extensions['settings'].base_url}/auth/google/callback\n"
            in told(blog)[1]
        )

    def test_is_told_what_is_safe_in_development_alone(self, deployed: Deployed) -> None:
        assert "note   settings  APP_ENV is not production" in told(deployed())[1]

    def test_is_told_to_programs(self, deployed: Deployed) -> None:
        result = deployed().test_cli_runner().invoke(args=["doctor", "--json"])
        assert {each["about"] for each in json.loads(result.output)} == set(deployment.EXAMINATIONS)


class TestADatabase:
    def test_that_does_not_answer_is_wrong(self, deployed: Deployed) -> None:
        assert wrong(deployed(database_url="postgresql+psycopg://ada:swordfish@127.0.0.1:9/blog")) == ["database"]

    def test_keeps_its_password(self, deployed: Deployed) -> None:
        blog = deployed(database_url="postgresql+psycopg://ada:swordfish@127.0.0.1:9/blog")
        assert "swordfish" not in told(blog)[1]

    def test_that_is_not_migrated_is_wrong(self, deployed: Deployed, settings: Settings, tmp_path: Path) -> None:
        changes = {"database_url": f"sqlite:///{tmp_path}/blog.db"}
        config = Config(toml_file=ROOT / "pyproject.toml")
        config.attributes["settings"] = settings.model_copy(update=changes)
        command.upgrade(config, "head")
        command.downgrade(config, "-1")
        blog = deployed(**changes)
        assert (wrong(blog), "alembic upgrade head" in told(blog)[1]) == (["database"], True)

    def test_has_connections_for_all_workers(self, deployed: Deployed, settings: Settings) -> None:
        if settings.database_url.startswith("sqlite"):
            pytest.skip("SQLite has no limit of connections.")
        assert "database" in wrong(deployed(web_concurrency=250))


class TestASqliteFile:
    @pytest.fixture
    def file(self, settings: Settings, tmp_path: Path) -> Path:
        file = tmp_path / "elsewhere" / "blog.db"
        file.parent.mkdir(0o755)
        migrate(settings.model_copy(update={"database_url": f"sqlite:///{file}"}))
        file.chmod(0o600)
        return file

    def test_is_well(self, deployed: Deployed, file: Path) -> None:
        assert wrong(deployed(database_url=f"sqlite:///{file}")) == []

    def test_on_a_network_disk_is_wrong(self, deployed: Deployed, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deployment, "_disk_of", lambda path: "nfs4")
        assert wrong(deployed(database_url=f"sqlite:///{file}")) == ["database"]

    def test_that_others_may_read_is_wrong(self, deployed: Deployed, file: Path) -> None:
        file.chmod(0o644)
        assert wrong(deployed(database_url=f"sqlite:///{file}")) == ["database"]

    def test_without_a_write_ahead_log_is_wrong(self, deployed: Deployed) -> None:
        assert "journal_mode memory" in told(deployed(database_url="sqlite:///:memory:"))[1]


@pytest.mark.programs
class TestARedis:
    def test_with_a_limit_and_a_policy_is_well(self, deployed: Deployed, redis_server: RedisServer) -> None:
        redis_server.client.config_set("maxmemory", "64mb")
        redis_server.client.config_set("maxmemory-policy", "allkeys-lru")
        assert wrong(deployed(redis_url=redis_server.url)) == []

    def test_that_is_gone_is_wrong(self, deployed: Deployed, redis_server: RedisServer) -> None:
        redis_server.kill()
        assert wrong(deployed(redis_url=redis_server.url)) == ["Redis"]

    def test_that_evicts_nothing_is_wrong(self, deployed: Deployed, redis_server: RedisServer) -> None:
        redis_server.client.config_set("maxmemory", "64mb")
        redis_server.client.config_set("maxmemory-policy", "noeviction")
        assert wrong(deployed(redis_url=redis_server.url)) == ["Redis"]

    def test_with_a_key_that_stays_is_wrong(self, deployed: Deployed, redis_server: RedisServer) -> None:
        redis_server.client.set("inkwell:users:1", "for ever")
        assert wrong(deployed(redis_url=redis_server.url)) == ["Redis"]


class TestAStore:
    def test_that_does_not_answer_is_wrong(self, deployed: Deployed) -> None:
        bucket = {"s3_bucket": "pictures", "s3_endpoint_url": NOBODY}
        assert wrong(deployed(**bucket, aws_access_key_id="ada", aws_secret_access_key="lovelace")) == ["store"]

    def test_across_the_network_is_not_plain_http(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(deployment.EXAMINATIONS, "store", lambda settings: iter(()))
        bucket = {"s3_bucket": "pictures", "s3_endpoint_url": "http://store.example"}
        assert wrong(deployed(**bucket, aws_access_key_id="ada", aws_secret_access_key="lovelace")) == ["settings"]


class TestAProvider:
    def test_that_does_not_answer_is_wrong(self, deployed: Deployed) -> None:
        assert wrong(deployed(oidc_issuer=NOBODY)) == ["provider"]

    def test_that_calls_itself_something_else_is_wrong(self, deployed: Deployed, provider: StubProvider) -> None:
        assert wrong(deployed(oidc_issuer=provider.issuer.replace("127.0.0.1", "localhost"))) == ["provider"]

    def test_that_does_not_know_the_blog_is_wrong(self, deployed: Deployed) -> None:
        assert wrong(deployed(oidc_client_id="")) == ["provider"]


class TestAClock:
    def test_that_is_wrong_is_told(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        date = "Mon, 01 Jan 2024 00:00:00 GMT"
        monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self, timestamp=None: date)
        assert wrong(deployed()) == ["clock"]


class TestTheInstanceFolder:
    def test_that_is_nearly_full_is_wrong(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deployment, "LEAST_FREE", 2**60)
        assert wrong(deployed()) == ["disk"]

    def test_that_others_may_look_into_is_wrong(self, deployed: Deployed, tmp_path: Path) -> None:
        blog = deployed()
        tmp_path.chmod(0o755)
        assert wrong(blog) == ["disk"]


class TestAnAddress:
    def test_where_nothing_listens_is_noted_in_development(self, deployed: Deployed) -> None:
        assert f"note   address   The blog does not answer at {NOBODY}" in told(deployed(base_url=NOBODY))[1]

    def test_where_something_else_listens_is_wrong(
        self, deployed: Deployed, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(provider.answers, "/healthz", (200, b"<p>Welcome!"))
        assert wrong(deployed(base_url=provider.issuer)) == ["address"]


class TestAProductionBlog:
    @pytest.fixture
    def blog(self, deployed: Deployed) -> Flask:
        return deployed(app_env="production", base_url=NOBODY.replace("http", "https"), web_concurrency=1)

    def test_that_does_not_answer_is_wrong(self, blog: Flask) -> None:
        assert wrong(blog) == ["address"]

    def test_is_asked_for_its_proxies(self, blog: Flask) -> None:
        assert "note   address   PROXY_HOPS is 0" in told(blog)[1]

    def test_with_one_worker_is_told_so(self, blog: Flask) -> None:
        assert "note   workers   One worker alone" in told(blog)[1]
