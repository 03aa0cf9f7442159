"""Sharing a blog with somebody, by JSON."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic_core import from_json
from sqlalchemy import select
from werkzeug.datastructures import Headers

from app.auth.models import User
from app.blogs.models import Blog
from app.cache import Page
from app.db import Database
from app.sharing.models import Share
from app.sharing.queries import shares_of
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.blogs.answers import listed, outcome
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

NO_SUCH_BLOG = (404, {"error": "There is no such blog."})
ODD = "Enter an e-mail address"


class WithABlog:
    @pytest.fixture(autouse=True)
    def written(self, client_for: ClientFor, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.owner: User = user_factory(name="Ada")
        self.blog: Blog = blog_factory(self.owner, title="On ink")
        self.path = f"/api/blogs/{self.blog.id}"
        self.caller = client_for(self.owner)

    def share(self, email: Any) -> tuple[int, Any]:
        return outcome(self.caller.post(f"{self.path}/shares", json={"email": email}))


class TestABlogThatNobodyReads(WithABlog):
    def test_has_no_shares(self) -> None:
        assert outcome(self.caller.get(f"{self.path}/shares")) == (200, [])


class TestABlogSharedByAddress(WithABlog):
    @pytest.fixture(autouse=True)
    def shared(self, written: None, user_factory: UserFactory, client_for: ClientFor) -> None:
        self.reader = user_factory()
        self.status, self.answer = self.share(f" {self.reader.subject.upper()}@People.Invalid\n")
        self.reading = client_for(self.reader)

    def test_says_that_it_is_shared(self) -> None:
        assert self.status == 201

    def test_says_with_whom(self) -> None:
        assert (self.answer.keys(), self.answer["email"]) == ({"id", "email", "created_at"}, self.reader.email)

    def test_is_listed_for_its_owner(self) -> None:
        assert outcome(self.caller.get(f"{self.path}/shares")) == (200, [self.answer])

    def test_is_listed_for_nobody_else(self, database: Database) -> None:
        lists = [shares_of(user.id, self.blog.id, Page(50)).load(database.rows) for user in (self.owner, self.reader)]
        assert [len(from_json(each)["rows"]) for each in lists] == [1, 0]

    def test_is_among_what_is_shared_with_the_reader(self) -> None:
        blog = self.caller.get(self.path).get_json()
        assert outcome(self.reading.get("/api/shared")) == (200, [{**listed(blog), "owner": {"name": "Ada"}}])

    def test_is_read_by_the_reader(self) -> None:
        blog = self.caller.get(self.path).get_json()
        beside = {"older", "newer"}
        shown = {name: value for name, value in blog.items() if name not in beside}
        assert outcome(self.reading.get(self.path)) == (200, {**shown, "owner": {"name": "Ada"}})

    def test_is_not_among_the_readers_own(self) -> None:
        assert outcome(self.reading.get("/api/blogs")) == (200, [])

    def test_is_read_as_it_was_just_changed(self) -> None:
        self.reading.get(self.path)
        self.caller.patch(self.path, json={"title": "On paper"})
        assert self.reading.get(self.path).get_json()["title"] == "On paper"

    def test_is_shared_once_when_shared_twice(self) -> None:
        assert self.share(self.reader.email) == (201, self.answer)
        assert outcome(self.caller.get(f"{self.path}/shares")) == (200, [self.answer])

    def test_is_gone_for_the_reader_when_it_is_deleted(self) -> None:
        self.caller.delete(self.path)
        answers = [outcome(self.reading.get(path)) for path in (self.path, "/api/shared")]
        assert answers == [NO_SUCH_BLOG, (200, [])]

    def test_leaves_no_share_behind_when_it_is_deleted(self, database: Database) -> None:
        self.caller.delete(self.path)
        with database.read() as db:
            assert db.scalars(select(Share).where(Share.blog_id == self.blog.id)).all() == []


class TestABlogThatIsSharedNoMore(WithABlog):
    @pytest.fixture(autouse=True)
    def stopped(
        self, written: None, user_factory: UserFactory, share_factory: ShareFactory, client_for: ClientFor
    ) -> None:
        reader = user_factory()
        share = share_factory(self.blog, reader)
        self.share_path = f"{self.path}/shares/{share.id}"
        self.reading = client_for(reader)
        self.before = [self.reading.get(self.path).status_code, len(self.reading.get("/api/shared").get_json())]
        self.answer = outcome(self.caller.delete(self.share_path))

    def test_was_read_before(self) -> None:
        assert self.before == [200, 1]

    def test_says_that_it_is_done(self) -> None:
        assert self.answer == (204, None)

    def test_is_there_no_more_for_the_reader(self) -> None:
        assert outcome(self.reading.get(self.path)) == NO_SUCH_BLOG

    def test_is_shared_with_the_reader_no_more(self) -> None:
        assert outcome(self.reading.get("/api/shared")) == (200, [])

    def test_cannot_be_stopped_twice(self) -> None:
        assert outcome(self.caller.delete(self.share_path)) == (404, {"error": "There is no such share."})


class TestSharing(WithABlog):
    def test_with_nobodys_address_answers_as_with_somebodys(self, user_factory: UserFactory) -> None:
        (known, first), (unknown, second) = self.share(user_factory().email), self.share("nobody@people.invalid")
        assert (known, first.keys()) == (unknown, second.keys())

    def test_opens_the_blog_to_whoever_logs_in_with_the_address_later(
        self, user_factory: UserFactory, client_for: ClientFor
    ) -> None:
        name = uuid4().hex
        self.share(f"{name.upper()}@people.invalid")
        later = user_factory(email=f"{name}@People.Invalid")
        assert [blog["title"] for blog in client_for(later).get("/api/shared").get_json()] == ["On ink"]

    def test_takes_the_address_of_a_link(self) -> None:
        assert self.share("mailto:ben@people.invalid")[1]["email"] == "ben@people.invalid"

    @pytest.mark.parametrize(
        ("email", "alike"),
        [
            ("a@strasse.invalid", "a@straße.invalid"),
            ("kim@people.invalid", "\N{KELVIN SIGN}im@people.invalid"),
            ("é@people.invalid", "É@people.invalid"),
            ("i@people.invalid", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}@people.invalid"),
            ("a@people.invalid", "a@people.invalid "),
            ("a@people.invalid", "\N{NO-BREAK SPACE}a@people.invalid"),
        ],
    )
    def test_opens_the_blog_to_no_address_that_only_looks_alike(
        self, user_factory: UserFactory, client_for: ClientFor, email: str, alike: str
    ) -> None:
        self.share(email)
        assert outcome(client_for(user_factory(email=alike)).get(self.path)) == NO_SUCH_BLOG

    def test_opens_the_blog_to_nobody_without_an_address(
        self, user_factory: UserFactory, client_for: ClientFor
    ) -> None:
        self.share("none@people.invalid")
        assert outcome(client_for(user_factory(email=None, email_verified=True)).get("/api/shared")) == (
            200,
            [],
        )

    def test_with_oneself_is_refused(self) -> None:
        status, answer = self.share(str(self.owner.email).upper())
        assert (status, answer.get("fields")) == (
            422,
            {"email": "This is your own address: you can read your blog already"},
        )

    def test_shows_the_owner_nothing_when_the_address_becomes_theirs(self, share_factory: ShareFactory) -> None:
        share_factory(self.blog, self.owner)
        assert outcome(self.caller.get("/api/shared")) == (200, [])

    def test_does_not_reach_a_share_through_another_blog(
        self, blog_factory: BlogFactory, share_factory: ShareFactory
    ) -> None:
        elsewhere = share_factory(blog_factory(self.owner))
        assert self.caller.delete(f"{self.path}/shares/{elsewhere.id}").status_code == 404

    @pytest.mark.parametrize(
        ("email", "sentence"),
        [
            ("", "You must provide a value"),
            (" \t", "You must provide a value"),
            (None, "You must provide a value"),
            (7, "Input should be a valid string"),
            ("nobody", ODD),
            ("@people.invalid", ODD),
            ("nobody@", ODD),
            ("a@b@c", ODD),
            ("a b@people.invalid", ODD),
            ("a\u2003b@people.invalid", ODD),
            ("a\0@people.invalid", ODD),
            ("a@people\n.invalid", ODD),
            ("a\u200b@people.invalid", ODD),
            ("a@" + "b" * 319, ODD),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_with_an_odd_address_is_refused(self, email: Any, sentence: str) -> None:
        status, answer = self.share(email)
        assert (status, answer.get("fields")) == (422, {"email": sentence})

    def test_takes_an_address_of_the_greatest_length(self) -> None:
        assert self.share("a@" + "b" * 318)[0] == 201

    def test_takes_no_other_field(self) -> None:
        status, answer = outcome(self.caller.post(f"{self.path}/shares", json={"email": "a@b.invalid", "blog_id": 1}))
        assert (status, answer.get("fields")) == (422, {"blog_id": "There is no such field"})


class TestABlogSharedWithAsManyAsMayBe(WithABlog):
    @pytest.fixture(autouse=True)
    def full(self, written: None, share_factory: ShareFactory) -> None:
        self.last = [share_factory(self.blog) for _ in range(100)][-1]

    def test_is_shared_with_nobody_more(self) -> None:
        status, answer = self.share("one.more@people.invalid")
        assert (status, answer.get("fields")) == (422, {"email": "A blog can be shared with at most 100 people"})

    def test_is_shared_twice_all_the_same(self) -> None:
        assert self.share(self.last.email)[0] == 201


class TestBlogsSharedByTwoPeople:
    def test_are_listed_newest_first(
        self, user_factory: UserFactory, blog_factory: BlogFactory, share_factory: ShareFactory, client_for: ClientFor
    ) -> None:
        reader, blogs = user_factory(), [blog_factory(user_factory()) for _ in range(3)]
        for blog in (blogs[2], blogs[0]):
            share_factory(blog, reader)
        listed = client_for(reader).get("/api/shared").get_json()
        assert [blog["id"] for blog in listed] == [blogs[2].id, blogs[0].id]


class TestReadingAgain:
    @pytest.fixture(autouse=True)
    def read_once(self, client_for: ClientFor, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.owner, self.reader = user_factory(), user_factory()
        self.path = f"/api/blogs/{blog_factory(self.owner, shared_with=self.reader).id}"
        self.client_for = client_for
        for user in (self.owner, self.reader):
            self.headers_for(user)

    def headers_for(self, user: User) -> Headers:
        return self.client_for(user).get(self.path).headers

    def test_costs_the_owner_one_cached_read(self) -> None:
        headers = self.headers_for(self.owner)
        assert (headers["X-Cache"], headers["Server-Timing"].count(";dur=")) == ("hit", 1)

    def test_asks_the_database_anew_for_a_reader(self) -> None:
        assert self.headers_for(self.reader)["X-Cache"] == "bypass"
