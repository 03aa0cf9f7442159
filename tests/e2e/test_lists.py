"""Finding blogs again: the list, the search, the bin, the versions."""

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from app.blogs.forms import Change
from app.blogs.queries import revise
from app.db import Database
from tests.e2e.custom_page import CustomPage
from tests.factories.blog import BlogFactory
from tests.factories.many import many_blogs
from tests.factories.user import UserFactory


@pytest.fixture
def writer(user_factory: UserFactory) -> User:
    return user_factory()


class TestAtALongList:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage, writer: User, database: Database) -> None:
        many_blogs(database, writer, 45)
        page.login(writer, "/blogs")

    def test_reads_on_at_its_end(self, page: CustomPage) -> None:
        for shown in (40, 45):
            page.locator(".card").last.scroll_into_view_if_needed()
            expect(page.locator(".card")).to_have_count(shown)
        expect(page.get_by_role("link", name="Older")).to_have_count(0)


class TestSearching:
    @pytest.fixture(autouse=True)
    def searched(self, page: CustomPage, writer: User, blog_factory: BlogFactory) -> None:
        blog_factory(writer, title="The lamp", content="It burns in the harbour office.")
        blog_factory(writer, title="A boat", content="She was wood.")
        page.login(writer, "/blogs")
        page.get_by_role("searchbox").fill("harb")
        page.get_by_role("searchbox").press("Enter")

    @pytest.mark.looks
    def test_finds_what_has_the_word(self, page: CustomPage) -> None:
        expect(page.locator(".card-title")).to_have_text(["The lamp"])

    @pytest.mark.looks
    def test_sees_it_marked(self, page: CustomPage) -> None:
        expect(page.locator("mark")).to_have_text("harbour")


class TestAfterDeletingABlog:
    @pytest.fixture(autouse=True)
    def deleted(self, page: CustomPage, writer: User, blog_factory: BlogFactory) -> None:
        page.login(writer, f"/blogs/{blog_factory(writer, title='The lamp').id}/delete")
        page.submit("Delete Blog")

    @pytest.mark.looks
    def test_is_told_where_it_is(self, page: CustomPage) -> None:
        expect(page.get_by_role("status")).to_have_text("The blog is in the bin, and stays there for 30 days.")

    def test_can_undo_it(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="The lamp")).to_be_visible()

    def test_finds_it_in_the_bin(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Bin").click()
        page.get_by_role("button", name="Put back The lamp").click()
        expect(page.get_by_role("heading", name="The lamp")).to_be_visible()


class TestAtAnOlderVersion:
    @pytest.fixture(autouse=True)
    def at_the_version(self, page: CustomPage, writer: User, blog_factory: BlogFactory, database: Database) -> None:
        blog = blog_factory(writer, title="The lamp", content="It is cold.")
        with database.write() as db:
            revise(db, writer.id, blog.id, Change(content="It is very cold."))
        page.login(writer, f"/blogs/{blog.id}")
        page.get_by_role("link", name="Versions").click()
        page.get_by_role("link", name="Version 1").click()

    @pytest.mark.looks
    def test_sees_the_words_that_came(self, page: CustomPage) -> None:
        expect(page.locator(".prose ins")).to_contain_text("very")

    def test_restores_it(self, page: CustomPage) -> None:
        page.submit("Restore this version")
        expect(page.locator(".prose")).to_have_text("It is cold.")
