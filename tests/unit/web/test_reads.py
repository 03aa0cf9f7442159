"""Reads through the cache within a request: what they answer, and what they cost."""

import json
import re
import secrets
from collections.abc import Iterator

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from app.auth.models import User
from app.blogs.queries import blog_as_saved, blog_by, blogs_by
from app.cache import BoundQuery, Page, Scope
from app.db import MAX_ID, Database
from app.errors import NotFound
from app.web.reads import fetch, fetch_json
from tests.conftest import NewApp
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.unit.conftest import ClientFor
from tests.unit.cost import counted

pytestmark = pytest.mark.both_databases


@pytest.fixture
def user(user_factory: UserFactory, blog_factory: BlogFactory) -> User:
    """Somebody with a blog."""
    user = user_factory()
    blog_factory(user, title="On ink")
    return user


@pytest.fixture
def visitor(client_for: ClientFor, user: User) -> FlaskClient:
    return client_for(user)


class TestADocumentThatAnotherBlogPutThere:
    """Into the same Redis, under the right name, from a blog with another secret."""

    @pytest.fixture(autouse=True)
    def forged(self, new_app: NewApp, redis_server: RedisServer, client_for: ClientFor, user: User) -> None:
        forger = new_app(redis_url=redis_server.url, secret_key=secrets.token_hex(32))
        self.at_the_forger = client_for(user, app=forger)
        self.visitor = client_for(user, app=new_app(redis_url=redis_server.url))
        self.at_the_forger.get("/api/blogs")
        self.cache = forger.extensions["cache"]
        self.cache.close()

    def test_is_not_served(self) -> None:
        assert self.visitor.get("/api/blogs").headers["X-Cache"] == "miss"

    def test_is_served_to_that_blog(self) -> None:
        self.cache._memory.clear()
        assert self.at_the_forger.get("/api/blogs").headers["X-Cache"] == "hit"


class TestAFirstRead:
    def test_is_a_miss(self, visitor: FlaskClient) -> None:
        assert visitor.get("/api/blogs").headers["X-Cache"] == "miss"

    def test_says_what_it_read_and_how_long_that_took(self, visitor: FlaskClient) -> None:
        timing = visitor.get("/api/blogs").headers["Server-Timing"]
        assert re.fullmatch(r'blogs_by;dur=\d+\.\d\d;desc="miss database"', timing)


@pytest.mark.parametrize("path", ["/blogs", "/api/blogs"])
class TestASecondRead:
    @pytest.fixture(autouse=True)
    def read_before(self, visitor: FlaskClient, path: str) -> None:
        visitor.get(path)

    def test_is_a_hit(self, visitor: FlaskClient, path: str) -> None:
        assert visitor.get(path).headers["X-Cache"] == "hit"

    def test_says_which_tier_had_it(self, visitor: FlaskClient, path: str) -> None:
        assert 'desc="hit memory"' in visitor.get(path).headers["Server-Timing"]

    def test_loads_no_object(self, visitor: FlaskClient, path: str, database: Database) -> None:
        with counted(database) as cost:
            visitor.get(path)
        assert cost.objects == []


class TestASecondReadByTheApi:
    @pytest.fixture(autouse=True)
    def read_before(self, visitor: FlaskClient) -> None:
        visitor.get("/api/blogs")

    def test_runs_only_the_lean_select_of_the_user(self, visitor: FlaskClient, database: Database) -> None:
        with counted(database) as cost:
            visitor.get("/api/blogs")
        (statement,) = [statement for statement in cost.statements if not statement.startswith("BEGIN")]
        columns = " ".join(statement.partition(" \nFROM users")[0].split())
        assert columns == "SELECT users.id, users.name, users.email, users.email_verified, users.cache_version"

    def test_opens_one_connection(self, visitor: FlaskClient, database: Database) -> None:
        with counted(database) as cost:
            visitor.get("/api/blogs")
        assert cost.connections == 1


class TestCounting:
    def test_sees_objects_that_are_loaded(self, database: Database, user_factory: UserFactory) -> None:
        user = user_factory()
        with counted(database) as cost, database.read() as db:
            db.get_one(User, user.id)
        assert (cost.connections, len(cost.objects)) == (1, 1)


class TestAReadAfterAWrite:
    def test_is_a_miss(self, visitor: FlaskClient, user: User, blog_factory: BlogFactory) -> None:
        visitor.get("/blogs")
        blog_factory(user)
        assert visitor.get("/blogs").headers["X-Cache"] == "miss"


class TestAnAnswer:
    @pytest.mark.parametrize("path", ["/", "/blogs/new", "/api/current_user"])
    def test_without_reads_says_nothing_of_the_cache(self, visitor: FlaskClient, path: str) -> None:
        headers = visitor.get(path).headers
        assert {"X-Cache", "Server-Timing"} & set(headers.keys()) == set()

    def test_that_there_is_no_such_blog_looks_for_a_share_each_time(self, visitor: FlaskClient) -> None:
        visitor.get(f"/api/blogs/{MAX_ID}")
        answer = visitor.get(f"/api/blogs/{MAX_ID}")
        assert (answer.status_code, answer.headers["X-Cache"]) == (404, "bypass")


class TestReadsWithinARequest:
    @pytest.fixture(autouse=True)
    def within_a_request(self, app: Flask, user: User) -> Iterator[None]:
        self.scope = Scope("users", user.id, user.cache_version)
        self.app = app
        with app.test_request_context("/"):
            yield

    def told(self, *reads: BoundQuery) -> tuple[str, str]:
        for read in reads:
            fetch(read)
        headers = self.app.process_response(self.app.make_response("")).headers
        return headers["X-Cache"], headers["Server-Timing"]

    def test_are_a_bypass_when_they_did_not_opt_in(self) -> None:
        assert self.told(blog_as_saved(self.scope, MAX_ID))[0] == "bypass"

    def test_are_no_hit_when_only_one_was(self) -> None:
        fetch(blogs_by(self.scope, Page(50)))
        g.outcomes.clear()
        assert self.told(blogs_by(self.scope, Page(50)), blog_by(self.scope, MAX_ID))[0] == "miss"

    def test_are_a_hit_whatever_else_was_never_to_be_cached(self) -> None:
        fetch(blogs_by(self.scope, Page(50)))
        g.outcomes.clear()
        assert self.told(blogs_by(self.scope, Page(50)), blog_as_saved(self.scope, MAX_ID))[0] == "hit"

    def test_are_timed_one_by_one(self) -> None:
        names = [
            part.split(";")[0]
            for part in self.told(blogs_by(self.scope, Page(50)), blog_by(self.scope, MAX_ID))[1].split(", ")
        ]
        assert names == ["blogs_by", "blog_by"]

    def test_give_bytes_or_what_they_mean(self) -> None:
        assert fetch(blogs_by(self.scope, Page(50))) == json.loads(fetch_json(blogs_by(self.scope, Page(50))))

    def test_give_nothing_as_nothing(self) -> None:
        assert fetch_json(blog_by(self.scope, MAX_ID)) == b"null"

    def test_say_what_is_missing_if_they_are_told_how(self) -> None:
        with pytest.raises(NotFound, match="No such thing"):
            fetch(blog_by(self.scope, MAX_ID), "No such thing")
