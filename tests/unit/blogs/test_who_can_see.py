"""The list of one's blogs says of each who can see it, as it is now."""

import re

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.blogs.queries import cards_by
from app.cache import Page, Scope
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.many import many_shares
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases


class WithABlog:
    @pytest.fixture(autouse=True)
    def listed(self, caller: FlaskClient, user: User, blog_factory: BlogFactory) -> None:
        self.caller, self.blog = caller, blog_factory(user)
        self.path = f"/blogs/{self.blog.id}"
        self.first = caller.get("/blogs")

    def seen(self) -> list[str]:
        """What the rows say, as a browser shows it that has the list as it was."""
        known = {"If-None-Match": self.first.headers["ETag"]}
        answer = self.caller.get("/blogs", headers=known)
        text = self.first.text if answer.status_code == 304 else answer.text
        return re.findall(r"min · ([^<]+)</span>", text)

    def share(self, email: str = "ben@people.invalid") -> str:
        """Share the blog. Returns the share's address."""
        made = self.caller.post(f"/api{self.path}/shares", json={"email": email}).get_json()
        return f"/api{self.path}/shares/{made['id']}"


class TestABlogOfOnesOwn(WithABlog):
    def test_is_only_ones_own_at_first(self) -> None:
        assert self.seen() == ["only you"]

    def test_is_shared_at_once(self) -> None:
        self.share()
        assert self.seen() == ["shared with 1 person"]

    def test_is_shared_with_several(self) -> None:
        self.share()
        self.share("cleo@people.invalid")
        assert self.seen() == ["shared with 2 people"]

    def test_is_only_ones_own_again_when_sharing_is_stopped(self) -> None:
        share = self.share()
        self.first = self.caller.get("/blogs")
        self.caller.delete(share)
        assert self.seen() == ["only you"]

    def test_is_shared_as_before_when_it_is_back_from_the_bin(self) -> None:
        self.share()
        self.first = self.caller.get("/blogs")
        self.caller.post(f"{self.path}/delete")
        in_between = self.seen()
        self.caller.post(f"/blogs/bin/{self.blog.id}/restore")
        self.caller.get(self.path)
        assert (in_between, self.seen()) == ([], ["shared with 1 person"])

    def test_is_shared_with_nobody_by_a_share_of_another(
        self, user_factory: UserFactory, blog_factory: BlogFactory, share_factory: ShareFactory
    ) -> None:
        share_factory(blog_factory(user_factory()), None)
        assert self.seen() == ["only you"]

    def test_says_the_same_when_the_reader_declines(self, user_factory: UserFactory, client_for: ClientFor) -> None:
        reader = user_factory()
        self.share(str(reader.email))
        self.first = self.caller.get("/blogs")
        declined = client_for(reader).delete(f"/api/shared/{self.blog.id}")
        assert (declined.status_code, self.seen()) == (204, ["shared with 1 person"])


class TestABlogOfSomebodyElse:
    def test_says_whose_it_is(
        self, caller: FlaskClient, user: User, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        blog_factory(user_factory(name="Ada"), shared_with=user)
        assert "min · by <bdi>Ada</bdi></span>" in caller.get("/blogs/shared").text


class TestCountingThem:
    @pytest.fixture(autouse=True)
    def shared_with_many(self, user: User, blog_factory: BlogFactory, database: Database) -> None:
        self.database, self.blog = database, blog_factory(user)
        many_shares(database, self.blog.id, 3)
        self.read = cards_by(Scope("users", user.id, user.cache_version), Page(20))

    def test_looks_at_the_shares_of_the_shown_blogs_alone(self) -> None:
        # By the index over blogs. One over owners has all that somebody shares, which would be read for each row.
        statement = str(self.read.query.statement)
        counting = statement[statement.index("SELECT count") : statement.index("AS people")]
        assert counting.split("WHERE")[-1].strip(" \n)") == "shares.blog_id = blogs.id"
