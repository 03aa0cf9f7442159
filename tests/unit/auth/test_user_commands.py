"""`flask users`, as an operator types it."""

import os
import pwd
from types import SimpleNamespace

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from structlog.testing import capture_logs

from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases


def flask_users(app: Flask, *arguments: str, answer: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["users", *arguments], input=answer)


def status_of(client_for: ClientFor, user: User) -> int:
    return client_for(user).get("/api/blogs").status_code


class TestAUser:
    def test_is_listed(self, app: Flask, user: User) -> None:
        lines = flask_users(app, "list").output.splitlines()
        assert [line.split()[1] for line in lines if line.split()[0] == str(user.id)] == ["enabled"]

    @pytest.mark.parametrize("command", ["disable", "end-sessions"])
    def test_is_logged_out_by(self, app: Flask, client_for: ClientFor, user: User, command: str) -> None:
        flask_users(app, command, str(user.id))
        assert status_of(client_for, user) == 401

    def test_is_found_by_the_address_in_any_case(self, app: Flask, client_for: ClientFor, user: User) -> None:
        flask_users(app, "disable", str(user.email).upper())
        assert status_of(client_for, user) == 401


class TestAnAct:
    @pytest.mark.parametrize(
        ("command", "event"),
        [
            (["disable"], "user_disabled"),
            (["enable"], "user_enabled"),
            (["end-sessions"], "sessions_ended"),
            (["delete", "--yes"], "user_deleted"),
        ],
        ids=" ".join,
    )
    def test_is_in_the_audit_trail_with_whose_it_is(
        self, app: Flask, user: User, monkeypatch: pytest.MonkeyPatch, command: list[str], event: str
    ) -> None:
        monkeypatch.setenv("SUDO_USER", "grace")
        with capture_logs() as lines:
            flask_users(app, *command, str(user.id))
        assert lines == [{"event": event, "whom": user.id, "operator": "grace", "log_level": "info"}]

    @pytest.mark.parametrize("name", ["grace", None])
    def test_is_of_the_user_of_the_machine(
        self, app: Flask, user: User, monkeypatch: pytest.MonkeyPatch, name: str | None
    ) -> None:
        def named(uid: int) -> SimpleNamespace:
            if name is None:
                raise KeyError(uid)
            return SimpleNamespace(pw_name=name)

        monkeypatch.delenv("SUDO_USER", raising=False)
        monkeypatch.setattr(pwd, "getpwuid", named)
        with capture_logs() as lines:
            flask_users(app, "disable", str(user.id))
        assert [line["operator"] for line in lines] == [name or str(os.getuid())]

    def test_that_came_to_nothing_is_not(self, app: Flask) -> None:
        with capture_logs() as lines:
            flask_users(app, "disable", "9223372036854775807")
        assert lines == []


class TestAUserEnabledAgain:
    @pytest.fixture(autouse=True)
    def enabled_again(self, app: Flask, user: User) -> None:
        flask_users(app, "disable", str(user.id))
        self.output = flask_users(app, "enable", str(user.id)).output

    def test_is_no_longer_disabled(self, database: Database, user: User) -> None:
        with database.read() as db:
            assert not db.get_one(User, user.id).disabled

    def test_is_not_logged_in_by_an_old_cookie(self, client_for: ClientFor, user: User) -> None:
        assert status_of(client_for, user) == 401

    def test_is_named(self, user: User) -> None:
        assert self.output == f"Enabled {user.id}, {user.name} ({user.email}).\n"


class TestADeletedUser:
    @pytest.fixture(autouse=True)
    def deleted(
        self,
        blog_on_either: Flask,
        user: User,
        blog_factory: BlogFactory,
        database: Database,
        request: pytest.FixtureRequest,
    ) -> None:
        self.app, self.store = blog_on_either, blog_on_either.extensions["store"]
        attachments = AttachmentFactory.with_files(database, blog_on_either.extensions["images"])
        attachments(user, blog_factory(user))
        blog_on_either.extensions["images"].shared_copy(attachments(user).key, user.id)
        self.output = flask_users(blog_on_either, "delete", str(user.id), "--yes").output

    def test_has_no_row(self, database: Database, user: User) -> None:
        with database.read() as db:
            assert db.get(User, user.id) is None

    @pytest.mark.parametrize("column", [Blog.owner_id, Attachment.uploader_id])
    def test_owns_nothing(self, database: Database, user: User, column: object) -> None:
        with database.read() as db:
            assert db.scalar(select(func.count()).where(column == user.id)) == 0  # type: ignore[arg-type]

    def test_has_no_file_in_the_store(self, user: User) -> None:
        assert list(self.store.list(f"{user.id}/")) == []

    def test_is_named_with_the_number_of_files(self, user: User) -> None:
        assert self.output == f"Deleted {user.id}, {user.name} ({user.email}).\n3 files are gone.\n"


class TestDeleting:
    def test_asks_first(self, app: Flask, client_for: ClientFor, user: User) -> None:
        assert flask_users(app, "delete", str(user.id), answer="n\n").exit_code == 1
        assert status_of(client_for, user) == 200

    def test_does_it_when_told_to(self, app: Flask, client_for: ClientFor, user: User) -> None:
        flask_users(app, "delete", str(user.id), answer="y\n")
        assert status_of(client_for, user) == 401

    def test_leaves_what_is_anothers(
        self, app: Flask, client_for: ClientFor, user: User, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        other = user_factory()
        blog = blog_factory(other)
        flask_users(app, "delete", str(user.id), "--yes")
        assert client_for(other).get(f"/api/blogs/{blog.id}").status_code == 200


class TestSomebodyWhoCannotBeTold:
    @pytest.mark.parametrize("command", ["disable", "enable", "end-sessions", "delete"])
    @pytest.mark.parametrize("who", ["nobody@people.invalid", "9223372036854775807", "9" * 30])
    def test_is_nobody(self, app: Flask, command: str, who: str) -> None:
        result = flask_users(app, command, who)
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert result.output.startswith("Error: Nobody has the ")

    def test_is_not_one_of_two(self, app: Flask, client_for: ClientFor, user: User, user_factory: UserFactory) -> None:
        other = user_factory(email=user.email)
        result = flask_users(app, "disable", str(user.email))
        assert all(f"{each.id}, {each.name}" in result.output for each in (user, other))
        assert status_of(client_for, user) == 200
