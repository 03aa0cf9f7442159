"""The audit trail: what is in it, of whom, and when."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.auth.models import User
from app.db import Database
from app.log import without_queries
from app.web import audit
from tests.conftest import NewApp
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor


class Trail:
    """The lines of a blog in production."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def lines(self, logger: str = "app.audit") -> list[dict[str, Any]]:
        found = map(json.loads, self._capfd.readouterr().out.splitlines())
        return [line for line in found if line["logger"] == logger]


@pytest.fixture
def trail(app_in_production: Flask, capfd: pytest.CaptureFixture[str]) -> Trail:
    capfd.readouterr()
    return Trail(capfd)


@pytest.fixture
def author(app_in_production: Flask, client_for: ClientFor, user: User) -> FlaskClient:
    return client_for(user, app=app_in_production)


class TestAnEventOfAWrite:
    @pytest.mark.parametrize("way", ["/api/blogs", "/blogs/new"])
    def test_is_recorded_for_a_new_blog(self, author: FlaskClient, trail: Trail, way: str) -> None:
        draft = {"title": "T", "content": "C", **({} if way.startswith("/api") else {"step": "save"})}
        author.post(way, **({"json": draft} if way.startswith("/api") else {"data": draft}))
        assert [line["event"] for line in trail.lines()] == ["publish"]

    @pytest.mark.parametrize("api", [True, False])
    def test_is_recorded_for_a_deleted_blog(
        self, author: FlaskClient, trail: Trail, user: User, blog_factory: BlogFactory, api: bool
    ) -> None:
        blog = blog_factory(user)
        author.delete(f"/api/blogs/{blog.id}") if api else author.post(f"/blogs/{blog.id}/delete")
        assert [(line["event"], line["blog"], line["user"]) for line in trail.lines()] == [("delete", blog.id, user.id)]

    @pytest.mark.parametrize("api", [True, False])
    def test_is_recorded_for_a_share(
        self, author: FlaskClient, trail: Trail, user: User, blog_factory: BlogFactory, api: bool
    ) -> None:
        blog, to = blog_factory(user), {"email": "somebody@people.invalid"}
        author.post(f"/api/blogs/{blog.id}/shares", json=to) if api else author.post(
            f"/blogs/{blog.id}/shares", data=to
        )
        assert [(line["event"], line["blog"], line["to"]) for line in trail.lines()] == [
            ("share", blog.id, to["email"])
        ]

    @pytest.mark.parametrize("api", [True, False])
    def test_is_recorded_for_a_share_that_ends(
        self,
        author: FlaskClient,
        trail: Trail,
        user: User,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
        api: bool,
    ) -> None:
        share = share_factory(blog_factory(user), user_factory())
        path = f"/blogs/{share.blog_id}/shares/{share.id}"
        author.delete(f"/api{path}") if api else author.post(f"{path}/delete")
        assert [(line["event"], line["share"]) for line in trail.lines()] == [("stop_sharing", share.id)]

    def test_is_recorded_for_a_logout(self, author: FlaskClient, trail: Trail) -> None:
        author.post("/auth/logout")
        assert [line["event"] for line in trail.lines()] == ["logout"]

    def test_is_recorded_for_an_export(self, author: FlaskClient, trail: Trail, user: User) -> None:
        author.get("/account/export", buffered=True)
        assert [(line["event"], line["user"]) for line in trail.lines()] == [("export", user.id)]

    def test_is_recorded_for_an_import_with_whose_it_was(self, author: FlaskClient, trail: Trail, user: User) -> None:
        author.post("/account/import", data={"files": (io.BytesIO(b"Text"), "a.md")}, buffered=True)
        [line] = trail.lines()
        assert (line["event"], line["user"], line["taken"], line["refused"]) == ("import", user.id, 1, 0)

    def test_is_recorded_for_an_account_that_goes(self, author: FlaskClient, trail: Trail, user: User) -> None:
        author.post("/account/delete", data={"confirm": "delete"})
        assert [(line["event"], line["user"]) for line in trail.lines()] == [("account_deleted", user.id)]

    def test_is_not_recorded_when_nothing_was_committed(
        self, author: FlaskClient, trail: Trail, app_in_production: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OperationalError("COMMIT", None, Exception("disk full"))

        database: Database = app_in_production.extensions["database"]
        monkeypatch.setattr(database.sessions.class_, "commit", fail)
        author.post("/api/blogs", json={"title": "T", "content": "C"})
        assert trail.lines() == []


class TestALineOfTheTrail:
    @pytest.fixture(autouse=True)
    def written(self, author: FlaskClient, trail: Trail) -> None:
        author.post("/api/blogs", json={"title": "T", "content": "C"}, headers={"X-Request-ID": "abc-123"})
        (self.line,) = trail.lines()

    def test_says_who_from_where_in_which_session_and_request(self, user: User) -> None:
        assert (self.line["user"], self.line["client"], self.line["client_request_id"]) == (
            *(user.id, "127.0.0.1", "abc-123"),
        )
        assert len(self.line["session"]) == 12
        assert len(self.line["request_id"]) == 16


class TestTheNameOfASession:
    def names(self, trail: Trail) -> list[str]:
        return [line.get("session", "") for line in trail.lines("app.access")]

    def test_is_the_same_at_each_request(self, author: FlaskClient, trail: Trail) -> None:
        author.get("/blogs")
        author.get("/api/blogs")
        first, second = self.names(trail)
        assert first == second

    def test_is_told_when_the_session_has_ended(self, author: FlaskClient, trail: Trail) -> None:
        author.post("/auth/logout")
        author.get("/blogs")
        first, second = self.names(trail)
        assert first == second

    def test_is_no_part_of_the_cookie(self, author: FlaskClient, trail: Trail) -> None:
        author.get("/blogs")
        assert self.names(trail)[0] not in author.environ_base["HTTP_COOKIE"]

    def test_is_another_with_another_secret(
        self, app_in_production: Flask, new_app: NewApp, author: FlaskClient, client_for: ClientFor, user: User
    ) -> None:
        managers = [each.login_manager for each in (app_in_production, new_app(secret_key="s" * 64))]  # type: ignore[attr-defined]
        first, second = (manager.session_tag(user.id, 1, 1) for manager in managers)
        assert first != second


class TestRefusedAccess:
    def refusals(self, trail: Trail) -> list[int]:
        return [line["status"] for line in trail.lines() if line["event"] == "access_refused"]

    def test_is_recorded_for_a_write_by_nobody(
        self, app_in_production: Flask, client_for: ClientFor, trail: Trail
    ) -> None:
        client_for(app=app_in_production).post("/api/blogs", json={})
        assert self.refusals(trail) == [401]

    def test_is_recorded_for_a_write_of_another_site(self, author: FlaskClient, trail: Trail) -> None:
        author.post("/blogs/new", headers={"Sec-Fetch-Site": "cross-site"})
        assert self.refusals(trail) == [403]

    def test_is_recorded_for_a_write_to_what_is_not_theirs(self, author: FlaskClient, trail: Trail) -> None:
        author.delete("/api/blogs/1")
        assert self.refusals(trail) == [404]

    def test_is_not_recorded_for_a_read(self, author: FlaskClient, trail: Trail) -> None:
        author.get("/api/blogs/1")
        author.get("/nothing")
        assert self.refusals(trail) == []

    def test_is_not_recorded_for_an_address_that_is_none(self, author: FlaskClient, trail: Trail) -> None:
        author.post("/nothing", json={})
        assert self.refusals(trail) == []


class TestAnEvent:
    def test_is_counted(self, app_in_production: Flask, client_for: ClientFor) -> None:
        name = 'inkwell_audit_events_total{event="of_this_test"}'
        client = client_for(app=app_in_production)
        before = name in client.get("/metrics").text
        audit.record("of_this_test", what="writes")
        assert (before, f"{name} 1.0" in client.get("/metrics").text) == (False, True)


class TestATextWithoutQueries:
    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("url: /b/k?X-Amz-Signature=abc&x=1 (Caused by x)", "url: /b/k?… (Caused by x)"),
            ("WHERE a = ? AND b = ?", "WHERE a = ? AND b = ?"),
            ("GET /auth/google/callback?code=c", "GET /auth/google/callback?…"),
        ],
    )
    def test_has_no_value_of_one(self, text: str, left: str) -> None:
        assert without_queries(text) == left
