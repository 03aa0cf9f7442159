"""Taking what others share off one's list, and blocking them."""

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory


@pytest.fixture
def reader(user_factory: UserFactory, blog_factory: BlogFactory) -> User:
    """Somebody with whom Ada shares two blogs."""
    ada, reader = user_factory(name="Ada"), user_factory()
    for title in ("On paper", "On ink"):
        blog_factory(ada, title=title, shared_with=reader)
    return reader


class TestAtASharedBlog:
    @pytest.fixture(autouse=True)
    def at_the_question(self, page: CustomPage, reader: User) -> None:
        page.login(reader, "/blogs/shared")
        page.get_by_role("link", name="Read On ink").click()
        page.get_by_role("link", name="Take this off my list").click()

    @pytest.mark.looks
    def test_is_asked_first(self, page: CustomPage) -> None:
        expect(page.get_by_role("heading", name="Take this off your list?")).to_be_visible()

    def test_may_keep_it(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Keep it").click()
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()

    def test_finds_the_other_one_alone_after_taking_it_off(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Take it off").click()
        expect(page.locator(".card-title")).to_have_text(["On paper"])

    class TestAfterBlockingItsSender:
        @pytest.fixture(autouse=True)
        def blocked(self, at_the_question: None, page: CustomPage) -> None:
            page.get_by_role("button", name="Block Ada").click()

        @pytest.mark.looks
        def test_sees_who_is_blocked(self, page: CustomPage) -> None:
            expect(page.locator("#blocked li span")).to_have_text(["Ada"])

        @pytest.mark.looks
        def test_sees_what_is_used(self, page: CustomPage) -> None:
            expect(page.locator(".usage")).to_contain_text("Files")

        def test_finds_nothing_shared(self, page: CustomPage) -> None:
            page.goto("/blogs/shared")
            expect(page.locator(".card-title")).to_have_count(0)

        def test_finds_it_all_again_after_unblocking(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Unblock Ada").click()
            expect(page.get_by_text("Nobody.")).to_be_visible()
            page.goto("/blogs/shared")
            expect(page.locator(".card-title")).to_have_text(["On ink", "On paper"])


class TestWithoutJavaScript:
    def test_blocks_and_unblocks_all_the_same(self, new_page: NewPage, reader: User) -> None:
        page = new_page(java_script_enabled=False)
        page.login(reader, "/blogs/shared")
        page.get_by_role("link", name="Read On ink").click()
        page.get_by_role("link", name="Take this off my list").click()
        page.get_by_role("button", name="Block Ada").click()
        page.get_by_role("button", name="Unblock Ada").click()
        expect(page.get_by_text("Nobody.")).to_be_visible()
