"""What somebody else wrote runs nothing in the reader's browser."""

import pytest

from app.blogs.markdown import Text
from tests.e2e.custom_page import CustomPage
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.forge.fixtures import ClientFor
from tests.hostile_texts import HOSTILE

WATCH = "<script>window.ran = []; window.alert = (what) => ran.push(what)</script>"


def ran(page: CustomPage, html: str) -> bool:
    """Whether that runs something on a page without a Content-Security-Policy."""
    page.set_content(WATCH + html)
    return bool(page.evaluate("window.ran.length"))


class TestOnAPageThatForbidsNothing:
    @pytest.fixture(autouse=True)
    def on_an_empty_page(self, page: CustomPage) -> None:
        page.goto("about:blank")

    def test_a_script_would_be_noticed(self, page: CustomPage) -> None:
        assert ran(page, "<img src='data:,' onerror='alert(1)'>")

    def test_no_text_runs_a_script(self, page: CustomPage) -> None:
        assert [source for source in HOSTILE if ran(page, Text(source).html([]))] == []


class TestReadingABlogOfNothingElse:
    @pytest.fixture(autouse=True)
    def at_the_blog(
        self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory, client_for: ClientFor
    ) -> None:
        reader, client = user_factory(), client_for(user_factory())
        made = client.post("/api/blogs", data={"title": HOSTILE[0], "content": "\n\n".join(HOSTILE)})
        blog = made.json()["id"]
        client.post(f"/api/blogs/{blog}/shares", data={"email": reader.email})
        page.login(reader, f"/blogs/{blog}")

    def test_leaves_the_page_as_it_is(self, page: CustomPage) -> None:
        assert page.locator("main script, main iframe, main form, main [onerror], main [onclick]").count() == 0
