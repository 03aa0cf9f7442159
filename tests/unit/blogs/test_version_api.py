"""What blogs were, and the bin, for programs."""

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.many import many_in_the_bin, many_versions
from tests.unit.blogs.answers import outcome

pytestmark = pytest.mark.both_databases

FIRST = {"title": "First light", "content": "It was bright.", "tags": ["morning"]}


class WithABlog:
    """A blog of the caller's, saved once and changed once."""

    @pytest.fixture(autouse=True)
    def changed(self, caller: FlaskClient) -> None:
        self.caller = caller
        self.blog = caller.post("/api/blogs", json=FIRST).get_json()
        self.path = f"/api/blogs/{self.blog['id']}"
        caller.patch(self.path, json={"title": "Second", "tags": []})


class TestABlogThatWasChanged(WithABlog):
    def test_lists_what_it_was(self) -> None:
        (version,) = self.caller.get(f"{self.path}/versions").get_json()
        assert (version["number"], version["title"], version.keys()) == (
            1,
            "First light",
            {"number", "title", "written_at", "replaced_at"},
        )

    def test_has_what_it_was_whole(self) -> None:
        version = self.caller.get(f"{self.path}/versions/1").get_json()
        assert {name: version[name] for name in FIRST} == FIRST

    def test_becomes_what_it_was(self) -> None:
        restored = self.caller.post(f"{self.path}/versions/1/restore", json={}).get_json()
        assert {name: restored[name] for name in FIRST} == FIRST

    def test_has_no_other_version(self) -> None:
        assert outcome(self.caller.get(f"{self.path}/versions/2")) == (404, {"error": "There is no such version."})


class TestABlogInTheBin(WithABlog):
    @pytest.fixture(autouse=True)
    def deleted(self, changed: None) -> None:
        self.caller.delete(self.path)
        self.binned = f"/api/bin/{self.blog['id']}"

    def test_is_listed(self) -> None:
        (blog,) = self.caller.get("/api/bin").get_json()
        assert (blog["id"], blog["title"], blog.keys()) == (self.blog["id"], "Second", {"id", "title", "deleted_at"})

    def test_has_no_versions_to_read(self) -> None:
        assert self.caller.get(f"{self.path}/versions").status_code == 404

    def test_comes_back(self) -> None:
        restored = self.caller.post(f"{self.binned}/restore", json={}).get_json()
        assert (restored["title"], self.caller.get(self.path).get_json()) == ("Second", restored)

    def test_can_be_deleted_for_good(self) -> None:
        statuses = [self.caller.delete(self.binned).status_code for _ in range(2)]
        assert (statuses, self.caller.get("/api/bin").get_json()) == ([204, 404], [])


class TestSomebodyWithMany:
    def followed(self, caller: FlaskClient, path: str) -> list[int]:
        """How many rows each page has, from that address to the last."""
        answer = caller.get(path)
        following = answer.headers.get("Link", "").partition('>; rel="next"')
        more = self.followed(caller, following[0].rpartition("<")[2]) if following[1] else []
        return [len(answer.get_json()), *more]

    def test_versions_has_them_by_pages(
        self, caller: FlaskClient, database: Database, user: User, blog_factory: BlogFactory
    ) -> None:
        blog = blog_factory(user)
        many_versions(database, user, blog.id, 45)
        assert self.followed(caller, f"/api/blogs/{blog.id}/versions?limit=20") == [20, 20, 5]

    def test_blogs_in_the_bin_has_them_by_pages(self, caller: FlaskClient, database: Database, user: User) -> None:
        many_in_the_bin(database, user, 45)
        assert self.followed(caller, "/api/bin?limit=20") == [20, 20, 5]
