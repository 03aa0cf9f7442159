"""What an operator does to everybody's blogs."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.blogs.commands import rendered_anew
from app.blogs.models import Blog
from app.db import Database
from tests.factories.blog import BlogFactory

pytestmark = pytest.mark.both_databases

WRITTEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TestATextThatAnOlderReleaseRendered:
    @pytest.fixture(autouse=True)
    def rendered(self, caller: FlaskClient, database: Database) -> None:
        self.id = caller.post("/api/blogs", json={"title": "First light", "content": "*Bright*"}).get_json()["id"]
        with database.write() as db:
            blog = db.get_one(Blog, self.id)
            blog.html, blog.updated_at = "<p><script>alert(1)</script></p>", WRITTEN
        self.caller = caller
        self.caller.get(f"/blogs/{self.id}")

    def now(self) -> tuple[str, datetime]:
        blog = self.caller.get(f"/api/blogs/{self.id}").get_json()
        return blog["html"], datetime.fromisoformat(blog["updated_at"])

    def test_is_shown_as_this_one_renders_it(self, database: Database) -> None:
        rendered_anew(database)
        assert self.now() == ('<p dir="auto"><em>Bright</em></p>\n', WRITTEN)

    def test_is_shown_so_after_the_command(self, app: Flask) -> None:
        app.test_cli_runner().invoke(args=["blogs", "render"])
        assert "<script>alert(1)</script>" not in self.caller.get(f"/blogs/{self.id}").text

    def test_is_changed_once(self, database: Database) -> None:
        rendered_anew(database)
        version = self.caller.get(f"/api/blogs/{self.id}").get_json()["version"]
        rendered_anew(database)
        assert self.caller.get(f"/api/blogs/{self.id}").get_json()["version"] == version


class TestATextFromBeforeThereWasMarkdown:
    def test_stays_as_it_was_typed(
        self, caller: FlaskClient, database: Database, user: User, blog_factory: BlogFactory
    ) -> None:
        blog = blog_factory(user, content="*Bright*")
        rendered_anew(database)
        assert caller.get(f"/api/blogs/{blog.id}").get_json()["html"] is None
