"""Blogs by JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.unit.blogs.caller import Caller

MISSING = "You must provide a value"


@pytest.fixture
def caller(client: FlaskClient, user_factory: UserFactory, session_factory: SessionFactory) -> Caller:
    return Caller(client, session_factory(user_factory()).header)


class TestASavedBlog:
    @pytest.fixture(autouse=True)
    def saved(self, caller: Caller) -> None:
        self.status, self.blog = caller("POST", body={"title": " First light ", "content": "It was\r\nbright. "})

    def test_is_created(self) -> None:
        assert self.status == 201

    def test_says_all_about_itself(self) -> None:
        assert self.blog.keys() == {"id", "title", "content", "version", "created_at", "updated_at", "attachment"}

    def test_has_its_title_without_the_spaces_around_it(self) -> None:
        assert self.blog["title"] == "First light"

    def test_has_its_title_in_one_line(self, caller: Caller) -> None:
        _, blog = caller("POST", body={"title": "One\nline", "content": "C"})
        assert blog["title"] == "One line"

    def test_has_its_content_as_typed_with_one_kind_of_line_end(self) -> None:
        assert self.blog["content"] == "It was\nbright. "

    def test_can_be_read_back(self, caller: Caller) -> None:
        assert caller("GET", f"/{self.blog['id']}") == (200, self.blog)

    def test_is_in_the_list(self, caller: Caller) -> None:
        assert caller("GET") == (200, [self.blog])

    def test_can_be_changed_in_part(self, caller: Caller) -> None:
        _, changed = caller("PATCH", f"/{self.blog['id']}", {"title": "Second"})
        assert (changed["title"], changed["content"], changed["version"]) == ("Second", self.blog["content"], 2)

    def test_keeps_its_version_when_nothing_changes(self, caller: Caller) -> None:
        assert caller("PATCH", f"/{self.blog['id']}", {}) == (200, self.blog)

    def test_is_not_changed_from_an_old_version(self, caller: Caller) -> None:
        caller("PATCH", f"/{self.blog['id']}", {"title": "Second"})
        answer = caller("PATCH", f"/{self.blog['id']}", {"title": "Third", "version": 1})
        assert answer == (409, {"error": "This blog was changed since you opened it."})

    def test_cannot_be_given_away(self, caller: Caller) -> None:
        assert caller("PATCH", f"/{self.blog['id']}", {"owner_id": 1})[0] == 422

    def test_cannot_lose_its_title(self, caller: Caller) -> None:
        status, answer = caller("PATCH", f"/{self.blog['id']}", {"title": " "})
        assert (status, answer["fields"]) == (422, {"title": MISSING})

    def test_is_gone_after_deleting(self, caller: Caller) -> None:
        assert caller("DELETE", f"/{self.blog['id']}") == (204, None)
        assert caller("GET", f"/{self.blog['id']}") == (404, {"error": "There is no such blog."})


class TestAListOfBlogs:
    def test_is_newest_first_and_the_callers_own(
        self,
        client: FlaskClient,
        user_factory: UserFactory,
        session_factory: SessionFactory,
        blog_factory: BlogFactory,
    ) -> None:
        user, other = user_factory(), user_factory()
        first, _, second = blog_factory(user), blog_factory(other), blog_factory(user)
        _, blogs = Caller(client, session_factory(user).header)("GET")
        assert [blog["id"] for blog in blogs] == [second.id, first.id]


class TestABlogThatBreaksARule:
    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, {"title": MISSING, "content": MISSING}),
            ({"title": "", "content": " \n\t\u2003"}, {"title": MISSING, "content": MISSING}),
            ({"title": "\u200b\u00ad", "content": "\u2060"}, {"title": MISSING, "content": MISSING}),
            ({"title": None, "content": "C"}, {"title": MISSING}),
            ({"title": "T" * 201, "content": "C"}, {"title": "Use at most 200 characters"}),
            ({"title": "T", "content": "C" * 100_001}, {"content": "Use at most 100,000 characters"}),
            ({"title": "T", "content": "C\0"}, {"content": "Remove the NUL character: it cannot be stored"}),
            ({"title": 7, "content": "C"}, {"title": "Input should be a valid string"}),
            ({"title": "T", "content": "C", "owner_id": 1}, {"owner_id": "There is no such field"}),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_is_refused_with_the_field_to_blame(
        self, caller: Caller, body: dict[str, Any], fields: dict[str, str]
    ) -> None:
        status, answer = caller("POST", body=body)
        assert (status, answer["fields"]) == (422, fields)

    def test_leaves_nothing_behind(self, caller: Caller) -> None:
        caller("POST", body={"title": "T"})
        assert caller("GET") == (200, [])


class TestABlogAtTheLimit:
    @pytest.mark.parametrize("letter", ["x", "é", "語", "🖋"])
    def test_is_measured_in_characters(self, caller: Caller, letter: str) -> None:
        status, _ = caller("POST", body={"title": letter * 200, "content": letter * 100_000})
        assert status == 201
