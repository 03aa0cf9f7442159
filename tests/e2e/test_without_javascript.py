"""The ways through what is one's own, in a browser that runs no script."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from app.blogs.forms import Change
from app.blogs.models import Blog
from app.blogs.queries import remove, revise
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory


@pytest.fixture
def user(user_factory: UserFactory) -> User:
    return user_factory(name="Ada")


@pytest.fixture
def blog(user: User, blog_factory: BlogFactory) -> Blog:
    return blog_factory(user, title="On ink", content="It dries.")


@pytest.fixture
def page(new_page: NewPage, user: User) -> CustomPage:
    page = new_page(java_script_enabled=False)
    page.login(user)
    return page


class TestWithABlogInTheBin:
    @pytest.fixture(autouse=True)
    def at_the_bin(self, page: CustomPage, user: User, blog: Blog, database: Database) -> None:
        with database.write() as db:
            remove(db, user.id, blog.id)
        page.goto("/blogs/bin")

    def test_puts_it_back(self, page: CustomPage) -> None:
        page.submit("Put back On ink")
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()

    class TestAndAboutToDeleteItForGood:
        @pytest.fixture(autouse=True)
        def asked(self, at_the_bin: None, page: CustomPage) -> None:
            page.get_by_role("link", name="Delete On ink for good").click()

        def test_is_asked_first(self, page: CustomPage) -> None:
            expect(page.get_by_role("heading", name="Delete this blog for good?")).to_be_visible()
            page.get_by_role("link", name="Keep it").click()
            expect(page.get_by_text("On ink")).to_be_visible()

        def test_is_told_that_it_is_gone(self, page: CustomPage) -> None:
            page.submit("Delete for good")
            expect(page.get_by_text("The bin is empty.")).to_be_visible()


class TestWithAnEarlierVersion:
    @pytest.fixture(autouse=True)
    def at_the_version(self, page: CustomPage, user: User, blog: Blog, database: Database) -> None:
        with database.write() as db:
            revise(db, user.id, blog.id, Change(content="It is dry."))
        page.goto(f"/blogs/{blog.id}")
        page.get_by_role("link", name="Versions").click()
        page.get_by_role("link", name="Version 1").click()

    def test_restores_it(self, page: CustomPage) -> None:
        page.submit("Restore this version")
        expect(page.locator(".prose")).to_have_text("It dries.")


class TestWithADraft:
    @pytest.fixture(autouse=True)
    def at_the_drafts(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        page.submit("Next", title="First light", content="It was bright.")
        page.goto("/blogs/drafts")

    def test_goes_on_writing(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Go on writing First light").click()
        expect(page.get_by_label("Content")).to_have_value("It was bright.")

    def test_throws_it_away(self, page: CustomPage) -> None:
        page.submit("Throw away First light")
        expect(page.get_by_text("There are no drafts.")).to_be_visible()


class TestAtTheList:
    def test_finds_a_blog(self, page: CustomPage, blog: Blog) -> None:
        page.get_by_label("Search my blogs").fill("dries")
        page.get_by_label("Search my blogs").press("Enter")
        expect(page.locator(".card mark")).to_have_text("dries")

    def test_undoes_a_deletion(self, page: CustomPage, blog: Blog) -> None:
        page.goto(f"/blogs/{blog.id}/delete")
        page.submit("Delete Blog")
        page.submit("Undo")
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()


class TestAtTheAccount:
    @pytest.fixture(autouse=True)
    def at_the_account(self, page: CustomPage) -> None:
        page.goto("/account")

    def test_chooses_a_name(self, page: CustomPage) -> None:
        page.submit("Change name", name="Countess")
        expect(page.locator(".who")).to_have_text("Countess")

    def test_brings_blogs_along(self, page: CustomPage, tmp_path: Path) -> None:
        (tmp_path / "paper.md").write_text("# On paper\n\nIt lasts.")
        page.get_by_label("A zip, or files").set_input_files(tmp_path / "paper.md")
        page.submit("Import")
        expect(page.get_by_role("status")).to_have_text("1 imported, 0 here already, 0 not taken.")

    def test_logs_out_everywhere(self, page: CustomPage) -> None:
        page.submit("Log out on every device")
        expect(page.get_by_role("status")).to_have_text("You are logged out, on every device.")

    def test_deletes_the_account(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Delete account").click()
        page.submit("Delete everything", confirm="delete")
        expect(page.get_by_role("status")).to_have_text("Your account is deleted, with everything of yours.")
