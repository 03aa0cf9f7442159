"""The cache, the store or the provider away: what needs it is a 503 for a while, and nothing else notices.

The database is away in test_postgres; without it only what strangers see is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from app import postgres, readiness
from app.auth import exchange
from app.cache import breaker
from app.config import Settings
from app.storage import s3
from tests.conftest import NewApp
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.forge.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.forge.redis_server import RedisServer, until
from tests.forge.seaweedfs import SeaweedFS
from tests.seaweedfs import made_bucket, settings_of
from tests.unit.auth.stub_provider import StubProvider
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.parametrize("fault", ["freeze", "reset", "garble"])


@dataclass
class Outage:
    """A blog with one thing that it needs behind a line that can fail, and somebody logged in there."""

    app: Flask
    line: FaultProxy
    caller: FlaskClient
    visitor: FlaskClient

    def status(self, path: str) -> int:
        return self.caller.get(path).status_code

    def refuses(self, path: str) -> bool:
        answer = self.caller.get(path)
        return (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")

    def readiness(self, name: str) -> tuple[int, str, str]:
        answer = self.visitor.get("/readyz")
        states = answer.get_json()
        return answer.status_code, states["status"], states[name]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes tenths of one."""
    monkeypatch.setattr(breaker, "PAUSE", 0.05)
    monkeypatch.setattr(s3, "PAUSE", 0.05)
    monkeypatch.setattr(s3, "READ_TIMEOUT", 0.3)
    monkeypatch.setattr(s3, "ATTEMPTS", 1)
    monkeypatch.setattr(exchange, "EXCHANGE_SECONDS", 0.3)
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)


class TestACacheThatDoesNotAnswer:
    @pytest.fixture(autouse=True)
    def away(
        self,
        new_app: NewApp,
        redis_server: RedisServer,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        fault: Fault,
    ) -> Iterator[None]:
        user = user_factory()
        self.blog = blog_factory(user)
        with fault_proxy("127.0.0.1", urlsplit(redis_server.url).port or 0) as line:
            app = new_app(redis_url=f"redis://127.0.0.1:{line.port}/0")
            self.outage = Outage(app, line, client_for(user, app=app), client_for(app=app))
            self.outage.status("/api/blogs")
            line.fault = fault
            yield

    def test_costs_nobody_an_error(self) -> None:
        paths = ["/", "/healthz", "/blogs", "/api/blogs", f"/blogs/{self.blog.id}"] * 3
        assert {path: self.outage.status(path) for path in paths} == dict.fromkeys(paths, 200)

    def test_is_named_by_a_blog_that_is_ready_all_the_same(self) -> None:
        assert self.outage.readiness("cache") == (200, "degraded", "down")

    def test_is_named_no_longer_when_it_is_back(self) -> None:
        self.outage.line.fault = "pass"
        until(lambda: self.outage.readiness("cache")[2] == "ok")


@pytest.mark.programs
class TestAStoreThatDoesNotAnswer:
    @pytest.fixture(autouse=True)
    def away(
        self,
        new_app: NewApp,
        seaweedfs: SeaweedFS,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        tmp_path: Path,
        fault: Fault,
    ) -> Iterator[None]:
        user = user_factory()
        server = urlsplit(seaweedfs.endpoint_url)
        with fault_proxy(server.hostname or "", server.port or 0) as line:
            bucket = settings_of(seaweedfs, made_bucket(seaweedfs))
            at_the_line = {"s3_endpoint_url": f"http://127.0.0.1:{line.port}", "instance_dir": tmp_path}
            app = new_app(**{**bucket, **at_the_line})
            attachments = AttachmentFactory.with_files(app.extensions["database"], app.extensions["images"])
            blogs = [blog_factory(user) for _ in range(2)]
            self.seen, self.unseen = (f"/attachments/{attachments(user, blog).id}" for blog in blogs)
            self.blog = f"/blogs/{blogs[1].id}"
            self.outage = Outage(app, line, client_for(user, app=app), client_for(app=app))
            self.outage.status(self.seen)
            line.fault = fault
            yield

    def test_costs_nobody_an_error_who_needs_no_file(self) -> None:
        paths = ["/", "/healthz", "/blogs", "/api/blogs", self.blog, self.seen]
        assert {path: self.outage.status(path) for path in paths} == dict.fromkeys(paths, 200)

    def test_is_a_503_to_who_needs_one(self) -> None:
        assert self.outage.refuses(self.unseen)

    def test_shows_the_file_when_it_is_back(self) -> None:
        for _ in range(breaker.FAILURES + 1):
            self.outage.status(self.unseen)
        self.outage.line.fault = "pass"
        until(lambda: self.outage.status(self.unseen) == 200)

    def test_is_left_alone_after_some_failures(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self.outage.app.extensions["store"]._breaker, "_pause", 60)
        for _ in range(breaker.FAILURES):
            self.outage.status(self.unseen)
        monkeypatch.setattr(self.outage.app.extensions["store"], "client", None)
        assert self.outage.refuses(self.unseen)

    def test_is_named_by_a_blog_that_is_ready_all_the_same(self) -> None:
        assert self.outage.readiness("store") == (200, "degraded", "down")


class TestAProviderThatDoesNotAnswer:
    @pytest.fixture(autouse=True)
    def away(self, new_app: NewApp, client_for: ClientFor, user_factory: UserFactory, fault: Fault) -> Iterator[None]:
        provider = StubProvider()
        with fault_proxy("127.0.0.1", provider.server.server_port) as line:
            provider.issuer = f"http://127.0.0.1:{line.port}"
            app = new_app(oidc_issuer=provider.issuer)
            self.outage = Outage(app, line, client_for(user_factory(), app=app), client_for(app=app))
            line.fault = fault
            yield
        provider.stop()

    def test_costs_nobody_an_error_who_does_not_log_in(self) -> None:
        paths = ["/", "/healthz", "/blogs", "/api/blogs"]
        assert {path: self.outage.status(path) for path in paths} == dict.fromkeys(paths, 200)

    def test_is_a_503_to_who_logs_in(self) -> None:
        assert self.outage.refuses("/auth/google")

    def test_lets_people_log_in_when_it_is_back(self) -> None:
        self.outage.status("/auth/google")
        self.outage.line.fault = "pass"
        until(lambda: self.outage.status("/auth/google") == 302)

    def test_is_named_by_a_blog_that_is_ready_all_the_same(self) -> None:
        assert self.outage.readiness("provider") == (200, "degraded", "down")


@pytest.mark.both_databases
class TestADatabaseThatDoesNotAnswer:
    @pytest.fixture(autouse=True)
    def away(
        self,
        settings: Settings,
        new_app: NewApp,
        client_for: ClientFor,
        user_factory: UserFactory,
        fault: Fault,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[None]:
        if settings.database_url.startswith("sqlite"):
            pytest.skip("These tests run on PostgreSQL")
        # Here alone: a database that is there may take longer on a busy machine.
        monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.3)
        url = make_url(settings.database_url)
        with fault_proxy(url.host or "", url.port or 5432) as line:
            there = url.set(host="127.0.0.1", port=line.port)
            app = new_app(database_url=there.render_as_string(hide_password=False))
            self.outage = Outage(app, line, client_for(user_factory(), app=app), client_for(app=app))
            assert self.outage.status("/api/blogs") == 200
            line.fault = fault
            yield
            line.fault = "pass"

    def test_costs_a_stranger_no_error(self) -> None:
        assert {self.outage.visitor.get(path).status_code for path in ("/", "/healthz")} == {200}

    def test_is_a_503_to_who_is_logged_in(self) -> None:
        assert self.outage.refuses("/api/blogs")

    def test_answers_again_when_it_is_back(self) -> None:
        self.outage.status("/api/blogs")
        self.outage.line.fault = "pass"
        until(lambda: self.outage.status("/api/blogs") == 200)

    def test_is_named_by_a_blog_that_is_not_ready(self) -> None:
        assert self.outage.readiness("database") == (503, "down", "down")
