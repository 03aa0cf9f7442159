"""`flask cache`, as somebody types it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from click.testing import Result
from flask import Flask

from app.auth.models import User
from app.blogs.queries import blog_by, blogs_by
from app.cache import Cache, Page, Scope
from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.conftest import migrate
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer

pytestmark = pytest.mark.both_databases

PAGE = Page(50)


class Terminal:
    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, *arguments: str) -> Result:
        return self._app.test_cli_runner().invoke(args=["cache", *arguments])


def of(app: Flask) -> Cache:
    return cast(Cache, app.extensions["cache"])


def scope(database: Database, user: User) -> Scope:
    with database.read() as db:
        return Scope("users", user.id, db.get_one(User, user.id).cache_version)


@pytest.fixture
def blog_with_redis(settings: Settings, redis_server: RedisServer) -> Iterator[Flask]:
    app = create_app(settings.model_copy(update={"redis_url": redis_server.url}))
    yield app
    of(app).close()
    app.extensions["database"].close()


@pytest.fixture
def flask_cache(blog_with_redis: Flask) -> Terminal:
    return Terminal(blog_with_redis)


class TestWithTwoEntriesOfOnePersonAndOneOfAnother:
    @pytest.fixture(autouse=True)
    def recorded(
        self,
        blog_with_redis: Flask,
        database: Database,
        user: User,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
    ) -> None:
        self.other = user_factory()
        blog_factory(user, title="On ink")
        self.cache = of(blog_with_redis)
        mine, others = scope(database, user), scope(database, self.other)
        for read in (blogs_by(mine, PAGE), blog_by(mine, 1), blogs_by(others, PAGE)):
            self.cache.json(read)
        self.cache.close()

    def test_stats_counts_people_and_entries(self, flask_cache: Terminal) -> None:
        counts = dict(re.findall(r"^(.+?) +([\d,]+)$", flask_cache("stats").output, re.MULTILINE))
        assert (counts["people in Redis"], counts["entries in Redis"], counts["bytes in Redis"] > "0") == (
            "2",
            "3",
            True,
        )

    def test_explain_names_each_entry_of_that_person(self, flask_cache: Terminal, user: User) -> None:
        output = flask_cache("explain", str(user.email)).output
        found = re.findall(r"^  (blogs?_by\(.*?\))#", output, re.MULTILINE)
        assert sorted(found) == [
            f"blog_by(id=1, owner_id={user.id})",
            f"blogs_by(after=None, limit=50, owner_id={user.id})",
        ]

    def test_explain_says_how_old_each_is_and_how_long_it_stays(self, flask_cache: Terminal, user: User) -> None:
        output = flask_cache("explain", str(user.email)).output
        assert len(re.findall(r"^\d+ s old, 3[56]\d\d s left, [\d,]+ bytes$", output, re.MULTILINE)) == 2

    def test_clear_takes_what_is_that_persons(self, flask_cache: Terminal, user: User) -> None:
        flask_cache("clear", str(user.email))
        assert flask_cache("explain", str(user.email)).output == "Redis holds nothing of theirs.\n"

    def test_clear_leaves_what_is_anothers(self, flask_cache: Terminal, user: User) -> None:
        flask_cache("clear", str(user.email))
        assert (
            f"blogs_by(after=None, limit=50, owner_id={self.other.id})"
            in flask_cache("explain", str(self.other.email)).output
        )

    def test_clear_makes_every_worker_read_anew(self, flask_cache: Terminal, user: User, database: Database) -> None:
        before = scope(database, user).version
        flask_cache("clear", str(user.email))
        assert scope(database, user).version > before

    def test_clear_says_what_it_did(self, flask_cache: Terminal, user: User) -> None:
        assert flask_cache("clear", str(user.email)).output == "Cleared what 1 person had cached.\n"


class TestClearingEverybody:
    @pytest.fixture(autouse=True)
    def cleared(self, settings: Settings, redis_server: RedisServer, tmp_path: Path) -> Iterator[None]:
        """In a database of its own: elsewhere it would clear what other tests have cached."""
        own = {"redis_url": redis_server.url, "database_url": f"sqlite:///{tmp_path}/inkwell.db"}
        settings = settings.model_copy(update=own)
        migrate(settings)
        app = create_app(settings)
        database: Database = app.extensions["database"]
        people = [UserFactory.on(database)() for _ in range(2)]
        self.before = [scope(database, user) for user in people]
        for each in self.before:
            of(app).json(blogs_by(each, PAGE))
        of(app).close()
        self.output = Terminal(app)("clear").output
        self.after = [scope(database, user) for user in people]
        yield
        of(app).close()
        database.close()

    def test_leaves_nothing_in_redis(self, redis_server: RedisServer) -> None:
        assert redis_server.client.keys("*") == []

    def test_makes_every_worker_read_anew_for_everybody(self) -> None:
        assert [new.version > old.version for old, new in zip(self.before, self.after, strict=True)] == [True, True]

    def test_says_for_how_many(self) -> None:
        assert self.output == "Cleared what 2 people had cached.\n"


class TestAnEmailThatNobodyHas:
    @pytest.mark.parametrize("command", ["explain", "clear"])
    def test_is_named(self, flask_cache: Terminal, command: str) -> None:
        result = flask_cache(command, "nobody@people.invalid")
        assert (result.exit_code, result.output) == (1, "Error: Nobody has the e-mail nobody@people.invalid.\n")


class TestWithRedisDown:
    @pytest.fixture(autouse=True)
    def down(self, redis_server: RedisServer) -> None:
        redis_server.kill()

    @pytest.mark.parametrize("command", ["stats", "explain", "clear"])
    def test_a_command_says_so_in_one_line(self, flask_cache: Terminal, command: str, user: User) -> None:
        result = flask_cache(command, *([] if command == "stats" else [str(user.email)]))
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert result.output.startswith("Error: Redis does not answer: ")

    def test_clear_makes_every_worker_read_anew_all_the_same(
        self, flask_cache: Terminal, user: User, database: Database
    ) -> None:
        before = scope(database, user).version
        flask_cache("clear", str(user.email))
        assert scope(database, user).version > before


class TestWithoutRedis:
    @pytest.mark.parametrize("command", ["stats", "explain", "clear"])
    def test_a_command_works(self, app: Flask, command: str, user: User) -> None:
        result = Terminal(app)(command, *([] if command == "stats" else [str(user.email)]))
        assert result.exit_code == 0
