"""Text that was typed, and the session ended meanwhile: it comes back to the same person, on every way in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.auth.queries import end_sessions
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import COPY_IT, IS_KEPT, TYPED, finds_nothing, log_out_behind, reads, told, write
from tests.e2e.live_server import LiveBlog
from tests.e2e.provider import Somebody
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory


def by_the_button_of_the_refusal(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    page.get_by_role("link", name="Log in and go on").click()
    mary.sign_in(page)
    return page


def by_the_header(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    page.get_by_role("link", name="Login With Google").click()
    mary.sign_in(page)
    page.get_by_role("link", name="Write", exact=True).click()
    return page


def by_typing_the_address(page: CustomPage, mary: Somebody) -> Page:
    page.goto("/blogs/new")
    page.get_by_role("link", name="Log in and go on").click()
    mary.sign_in(page)
    return page


def by_going_back(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    page.go_back()
    return by_the_button_of_the_refusal(page, mary)


def in_another_tab(page: CustomPage, mary: Somebody) -> Page:
    another = page.context.new_page()
    another.goto("/blogs/new")
    another.get_by_role("link", name="Log in and go on").click()
    mary.sign_in(another)
    return another


def by_going_back_after_a_login_in_another_tab(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    expect(in_another_tab(page, mary).get_by_role("heading", name="New blog")).to_be_visible()
    page.go_back()
    return page


class TestLoggedOutWhileWriting:
    @pytest.fixture(autouse=True)
    def logged_out(self, page: CustomPage, site: LiveBlog, user_factory: UserFactory, database: Database) -> None:
        self.mary = Somebody()
        user = page.login(self.mary.account(user_factory, site.provider_url), "/blogs/new")
        page.get_by_label("Blog Title").fill("First light")
        write(page)
        with database.write() as db:
            end_sessions(db, user.id)

    @pytest.mark.parametrize(
        "come_back",
        [
            by_the_button_of_the_refusal,
            by_the_header,
            by_typing_the_address,
            by_going_back,
            in_another_tab,
            by_going_back_after_a_login_in_another_tab,
        ],
    )
    def test_finds_the_text_again(self, page: CustomPage, come_back: Callable[[CustomPage, Somebody], Page]) -> None:
        tab = come_back(page, self.mary)
        expect(told(tab)).to_have_text("Your text is back.")
        expect(tab.get_by_label("Blog Title")).to_have_value("First light")
        reads(tab)

    def test_reads_on_the_refusal_that_it_is_kept(self, page: CustomPage) -> None:
        page.submit("Next")
        expect(page.get_by_text(IS_KEPT)).to_be_visible()
        expect(page.get_by_text(COPY_IT)).to_be_hidden()

    def test_gives_it_to_nobody_else(self, page: CustomPage) -> None:
        by_the_button_of_the_refusal(page, Somebody("Percy"))
        expect(page.get_by_text("Percy")).to_be_visible()
        finds_nothing(page)


class TestLoggedOutWhileEditing:
    @pytest.fixture(autouse=True)
    def refused(
        self,
        page: CustomPage,
        site: LiveBlog,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        database: Database,
    ) -> None:
        self.mary = Somebody()
        user = self.mary.account(user_factory, site.provider_url)
        page.login(user, f"/blogs/{blog_factory(user).id}/edit")
        write(page)
        with database.write() as db:
            end_sessions(db, user.id)
        page.submit("Save Changes")

    def test_finds_the_text_again_by_logging_in(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Log in and go on").click()
        self.mary.sign_in(page)
        expect(told(page)).to_have_text("Your text is back.")
        reads(page)


class TestABrowserThatWasClosed:
    @pytest.fixture(autouse=True)
    def started_again(self, page: CustomPage, new_page: NewPage) -> None:
        user = page.login(path="/blogs/new")
        write(page)
        log_out_behind(page)
        self.page = new_page(storage_state=page.context.storage_state())
        page.close()
        self.page.login(user, "/blogs/new")

    def test_has_the_text_still(self) -> None:
        expect(told(self.page)).to_have_text("Your text is back.")
        reads(self.page)


class TestSavingWhileLoggedOut:
    @pytest.fixture(autouse=True)
    def refused(self, page: CustomPage) -> None:
        user = page.login(path="/blogs/new")
        page.submit("Next", title="First light", content=TYPED)
        page.upload()
        log_out_behind(page)
        page.submit("Save Blog")
        expect(page.get_by_text(IS_KEPT)).to_be_visible()
        page.login(user, "/blogs/new")

    @pytest.mark.looks
    def test_finds_the_text_again(self, page: CustomPage) -> None:
        reads(page)

    def test_finds_the_picture_on_the_next_page(self, page: CustomPage) -> None:
        page.submit("Next")
        expect(page.get_by_text("sunrise.png")).to_be_visible()
