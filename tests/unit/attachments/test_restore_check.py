"""A blog whose backup was restored, and `flask restore-check`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.attachments.commands import SKIPPED
from app.auth.models import User
from app.auth.queries import end_sessions
from app.blogs.queries import blogs_by
from app.cache import Page, Scope
from app.db import Database
from app.storage.store import StoreUnavailable
from tests.conftest import NewApp, migrate
from tests.factories.attachment import AttachmentFactory
from tests.factories.session import SessionCookie, SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer

pytestmark = [pytest.mark.programs, pytest.mark.both_databases]

Restore = Callable[[], None]


@pytest.fixture
def blog(new_app: NewApp, tmp_path: Path) -> Flask:
    """A blog with a database and a store of its own: a restore is about everything in them."""
    blog = new_app(database_url=f"sqlite:///{tmp_path}/inkwell.db", instance_dir=tmp_path)
    migrate(blog.extensions["settings"])
    return blog


@pytest.fixture
def database(blog: Flask) -> Database:
    database: Database = blog.extensions["database"]
    return database


@pytest.fixture
def user_factory(database: Database) -> UserFactory:
    return UserFactory.on(database)


@pytest.fixture
def attachment_factory(blog: Flask, database: Database) -> AttachmentFactory:
    return AttachmentFactory.with_files(database, blog.extensions["images"])


def copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@pytest.fixture
def old_user(user_factory: UserFactory) -> User:
    """Somebody who is in the backup."""
    return user_factory()


@pytest.fixture
def restore(blog: Flask, database: Database, old_user: User, tmp_path: Path) -> Restore:
    """The backup was made just now; this restores it."""
    copied(tmp_path / "inkwell.db", tmp_path / "backup.db")

    def restore() -> None:
        database.close()
        copied(tmp_path / "backup.db", tmp_path / "inkwell.db")

    return restore


def who_is(blog: Flask, cookie: SessionCookie) -> Any:
    return blog.test_client(use_cookies=False).get("/api/current_user", headers=cookie.header).get_json()


def restore_check(blog: Flask) -> tuple[int, str]:
    result = blog.test_cli_runner().invoke(args=["restore-check"])
    return result.exit_code, result.output


class TestACookieOfSomebodyWhoIsNotInTheBackup:
    @pytest.fixture(autouse=True)
    def restored(self, blog: Flask, restore: Restore, user_factory: UserFactory) -> None:
        gone = user_factory()
        self.cookie = SessionFactory(blog)(gone)
        restore()
        self.next = user_factory()
        assert self.next.id == gone.id, "the restored database should give the same id out again"

    def test_opens_nobody_elses_account(self, blog: Flask) -> None:
        assert who_is(blog, self.cookie) is None


class TestACookieThatWasLoggedOutSinceTheBackup:
    @pytest.fixture(autouse=True)
    def restored(self, blog: Flask, restore: Restore, old_user: User, database: Database) -> None:
        self.cookie = SessionFactory(blog)(old_user)
        with database.write() as db:
            end_sessions(db, old_user.id)
        restore()

    def test_opens_nothing_after_the_check(self, blog: Flask) -> None:
        restore_check(blog)
        assert who_is(blog, self.cookie) is None


def logged_out_and_in(blog: Flask, user: User) -> SessionCookie:
    database: Database = blog.extensions["database"]
    with database.write() as db:
        end_sessions(db, user.id)
    with database.read() as db:
        return SessionFactory(blog)(db.get_one(User, user.id))


class TestACookieOfALoginSinceTheBackup:
    @pytest.fixture(autouse=True)
    def restored(self, blog: Flask, restore: Restore, old_user: User) -> None:
        self.cookie = logged_out_and_in(blog, old_user)
        restore()
        logged_out_and_in(blog, old_user)

    def test_does_not_count_again_after_the_next_login(self, blog: Flask) -> None:
        assert who_is(blog, self.cookie) is None


class TestTheCheck:
    @pytest.fixture(autouse=True)
    def restored(self, restore: Restore, old_user: User, attachment_factory: AttachmentFactory) -> None:
        self.uploaded_since = attachment_factory(old_user)
        restore()

    def test_says_whose_sessions_it_ended(self, blog: Flask) -> None:
        assert "Ended the sessions of 1 users: they log in again.\n" in restore_check(blog)[1]

    def test_moves_the_version_of_what_is_cached(self, blog: Flask, database: Database, old_user: User) -> None:
        restore_check(blog)
        with database.read() as db:
            assert db.get_one(User, old_user.id).cache_version > old_user.cache_version

    def test_names_the_files_that_the_database_does_not_know(self, blog: Flask) -> None:
        told = f"1 files that the store has, and the database does not know:\n  {self.uploaded_since.key}\n"
        assert told in restore_check(blog)[1]

    def test_is_content_when_no_file_is_missing(self, blog: Flask) -> None:
        status, told = restore_check(blog)
        assert (status, "0 files that the database knows, and the store does not have.\n" in told) == (0, True)

    def test_names_the_files_that_are_missing(
        self, blog: Flask, old_user: User, attachment_factory: AttachmentFactory
    ) -> None:
        store = blog.extensions["images"].store
        store.delete(self.uploaded_since.key)
        lost = attachment_factory(old_user)
        store.delete(lost.key)
        status, told = restore_check(blog)
        assert (status, f"does not have:\n  {lost.key}\n" in told) == (1, True)

    def test_says_when_the_store_is_down(self, blog: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(type(blog.extensions["images"].store), "list", fail)
        status, told = restore_check(blog)
        assert (status, "Run this again when the store answers." in told) == (1, True)


class TestAnIdOfSomebodyWhoIsNotInTheBackup:
    def test_is_not_given_out_again_after_the_check(
        self, blog: Flask, restore: Restore, user_factory: UserFactory
    ) -> None:
        gone = [user_factory() for _ in range(3)]
        restore()
        restore_check(blog)
        assert user_factory().id > max(each.id for each in gone)

    def test_of_a_table_that_was_empty_then_is_not_given_out_again(
        self, blog: Flask, restore: Restore, old_user: User, attachment_factory: AttachmentFactory
    ) -> None:
        gone = attachment_factory(old_user)
        restore()
        restore_check(blog)
        assert attachment_factory(old_user).id > gone.id


class TestTheCheckOnEitherDatabase:
    def test_gives_no_id_out_again(self, new_app: NewApp, empty_database: str, tmp_path: Path) -> None:
        app = new_app(database_url=empty_database, instance_dir=tmp_path)
        migrate(app.extensions["settings"])
        users = UserFactory.on(app.extensions["database"])
        last = users().id
        told = restore_check(app)[1]
        assert (users().id > last + SKIPPED, f"Skipped {SKIPPED:,} ids" in told) == (True, True)


class TestTheCheckOfABlogWithRedis:
    @pytest.fixture(autouse=True)
    def cached(self, new_app: NewApp, blog: Flask, old_user: User, redis_server: RedisServer) -> None:
        settings = blog.extensions["settings"]
        own = {"database_url": settings.database_url, "instance_dir": settings.instance_dir}
        self.blog = new_app(**own, redis_url=redis_server.url)
        cache = self.blog.extensions["cache"]
        cache.json(blogs_by(Scope("users", old_user.id, old_user.cache_version), Page(50)))
        cache.close()

    def test_leaves_nothing_there(self, redis_server: RedisServer) -> None:
        told = restore_check(self.blog)[1]
        assert ("Cleared 1 keys from Redis.\n" in told, redis_server.client.keys("*")) == (True, [])

    def test_goes_on_without_it(self, redis_server: RedisServer) -> None:
        redis_server.kill()
        status, told = restore_check(self.blog)
        assert (status, "Redis does not answer (" in told, "0 files that the store has" in told) == (0, True, True)
