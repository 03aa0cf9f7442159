"""Blogs by JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.unit.blogs.answers import listed, outcome
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

MISSING = "You must provide a value"
LONG_TAG = "Use at most 40 characters for a tag, and commas between tags"


@pytest.fixture
def caller(client_for: ClientFor, user_factory: UserFactory) -> FlaskClient:
    return client_for(user_factory())


class TestASavedBlog:
    @pytest.fixture(autouse=True)
    def saved(self, caller: FlaskClient) -> None:
        self.status, self.blog = outcome(
            caller.post("/api/blogs", json={"title": " First light ", "content": "It was\r\nbright. "})
        )

    def test_is_created(self) -> None:
        assert self.status == 201

    def test_says_all_about_itself(self) -> None:
        text = {"title", "content", "tags", "html", "words", "files", "attachment"}
        told = {"id", "version", "created_at", "updated_at", "older", "newer", *text}
        assert self.blog.keys() == told

    def test_has_its_title_without_the_spaces_around_it(self) -> None:
        assert self.blog["title"] == "First light"

    def test_has_its_title_in_one_line(self, caller: FlaskClient) -> None:
        blog = caller.post("/api/blogs", json={"title": "One\nline", "content": "C"}).get_json()
        assert blog["title"] == "One line"

    def test_has_its_content_as_typed_with_one_kind_of_line_end(self) -> None:
        assert self.blog["content"] == "It was\nbright. "

    def test_can_be_read_back(self, caller: FlaskClient) -> None:
        assert outcome(caller.get(f"/api/blogs/{self.blog['id']}")) == (200, self.blog)

    def test_is_in_the_list(self, caller: FlaskClient) -> None:
        assert outcome(caller.get("/api/blogs")) == (200, [listed(self.blog)])

    def test_can_be_changed_in_part(self, caller: FlaskClient) -> None:
        changed = caller.patch(f"/api/blogs/{self.blog['id']}", json={"title": "Second"}).get_json()
        assert (changed["title"], changed["content"], changed["version"]) == ("Second", self.blog["content"], 2)

    def test_keeps_its_version_when_nothing_changes(self, caller: FlaskClient) -> None:
        assert outcome(caller.patch(f"/api/blogs/{self.blog['id']}", json={})) == (200, self.blog)

    def test_is_not_changed_from_an_old_version(self, caller: FlaskClient) -> None:
        caller.patch(f"/api/blogs/{self.blog['id']}", json={"title": "Second"})
        answer = outcome(caller.patch(f"/api/blogs/{self.blog['id']}", json={"title": "Third", "version": 1}))
        assert answer == (409, {"error": "This blog was changed since you opened it."})

    def test_cannot_be_given_away(self, caller: FlaskClient) -> None:
        assert caller.patch(f"/api/blogs/{self.blog['id']}", json={"owner_id": 1}).status_code == 422

    def test_cannot_lose_its_title(self, caller: FlaskClient) -> None:
        status, answer = outcome(caller.patch(f"/api/blogs/{self.blog['id']}", json={"title": " "}))
        assert (status, answer.get("fields")) == (422, {"title": MISSING})

    def test_is_gone_after_deleting(self, caller: FlaskClient) -> None:
        assert outcome(caller.delete(f"/api/blogs/{self.blog['id']}")) == (204, None)
        assert outcome(caller.get(f"/api/blogs/{self.blog['id']}")) == (
            404,
            {"error": "There is no such blog."},
        )


class TestAListOfBlogs:
    def test_is_newest_first_and_the_callers_own(
        self, client_for: ClientFor, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        user, other = user_factory(), user_factory()
        first, _, second = blog_factory(user), blog_factory(other), blog_factory(user)
        blogs = client_for(user).get("/api/blogs").get_json()
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
            ({"title": "T", "content": "C", "tags": ["x" * 41]}, {"tags": LONG_TAG}),
            ({"title": "T", "content": "C", "tags": list(map(str, range(21)))}, {"tags": "Use at most 20 tags"}),
            (
                {"title": "T", "content": "C", "tags": ["," * 2000]},
                {"tags": "Use at most 2,000 characters for all tags"},
            ),
            (
                {"title": "T", "content": "C", "tags": [""] * 2001},
                {"tags": "Use at most 2,000 characters for all tags"},
            ),
            ({"title": "T", "content": "C", "tags": "a, b"}, {"tags": "Input should be a valid list"}),
            ({"title": "T", "content": "C", "tags": [7]}, {"tags": "Input should be a valid string"}),
            ({"title": "T", "content": "C", "tags": None}, {"tags": MISSING}),
            ({"title": 7, "content": "C"}, {"title": "Input should be a valid string"}),
            ({"title": "T", "content": "C", "owner_id": 1}, {"owner_id": "There is no such field"}),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_is_refused_with_the_field_to_blame(
        self, caller: FlaskClient, body: dict[str, Any], fields: dict[str, str]
    ) -> None:
        status, answer = outcome(caller.post("/api/blogs", json=body))
        assert (status, answer.get("fields")) == (422, fields)

    def test_leaves_nothing_behind(self, caller: FlaskClient) -> None:
        caller.post("/api/blogs", json={"title": "T"})
        assert outcome(caller.get("/api/blogs")) == (200, [])


class TestABlogAtTheLimit:
    @pytest.mark.parametrize("letter", ["x", "é", "語", "🖋"])
    def test_is_measured_in_characters(self, caller: FlaskClient, letter: str) -> None:
        status = caller.post("/api/blogs", json={"title": letter * 200, "content": letter * 100_000}).status_code
        assert status == 201
