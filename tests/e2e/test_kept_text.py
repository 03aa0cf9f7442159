"""Text that was typed and not saved: it comes back, to the same person, until it is saved or thrown away."""

import pytest
from playwright.sync_api import Dialog, expect

from app.auth.models import User
from tests.e2e.custom_page import CustomPage
from tests.e2e.kept_text import (
    COPY_IT,
    IS_KEPT,
    TYPED,
    finds_nothing,
    kept_in,
    log_out_behind,
    reads,
    save,
    told,
    write,
    write_before_the_script,
)
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory


class TestWithUnsavedText:
    @pytest.fixture(autouse=True)
    def at_the_form_again(self, page: CustomPage) -> User:
        user: User = page.login(path="/blogs/new")
        page.get_by_label("Blog Title").fill("First light")
        write(page)
        page.goto("/blogs/new")
        return user

    def test_finds_it_after_cancelling(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("link", name="Write", exact=True).click()
        reads(page)

    def test_saves_it_from_there(self, page: CustomPage) -> None:
        save(page)
        assert page.get("/api/blogs")[0]["content"] == TYPED

    def test_finds_it_after_a_refused_page(self, page: CustomPage) -> None:
        page.submit("Next", title="")
        page.goto("/blogs/new")
        reads(page)

    def test_finds_it_after_deleting_a_blog(
        self, page: CustomPage, at_the_form_again: User, blog_factory: BlogFactory
    ) -> None:
        page.goto(f"/blogs/{blog_factory(at_the_form_again).id}/delete")
        page.submit("Delete Blog")
        page.get_by_role("link", name="Write", exact=True).click()
        reads(page)

    def test_finds_it_after_another_was_saved(
        self, page: CustomPage, at_the_form_again: User, blog_factory: BlogFactory
    ) -> None:
        page.goto(f"/blogs/{blog_factory(at_the_form_again).id}/edit")
        page.submit("Save Changes", title="Another")
        page.goto("/blogs/new")
        reads(page)

    def test_finds_it_after_a_save_without_a_network(self, page: CustomPage, expected_errors: list[str]) -> None:
        expected_errors.append("net::ERR_INTERNET_DISCONNECTED")
        page.context.set_offline(True)
        with page.expect_event("requestfailed"):
            page.get_by_role("button", name="Next").click()
        page.context.set_offline(False)
        page.goto("/blogs/new")
        reads(page)

    def test_is_at_no_other_form(self, page: CustomPage, at_the_form_again: User, blog_factory: BlogFactory) -> None:
        page.goto(f"/blogs/{blog_factory(at_the_form_again, content='As it was').id}/edit")
        reads(page, "As it was")

    def test_is_promised_nothing_for_another_form(
        self, page: CustomPage, at_the_form_again: User, blog_factory: BlogFactory
    ) -> None:
        page.goto(f"/blogs/{blog_factory(at_the_form_again).id}")
        log_out_behind(page)
        page.submit("Share", email="ada@people.invalid")
        expect(page.get_by_text(COPY_IT)).to_be_visible()
        expect(page.get_by_text(IS_KEPT)).to_be_hidden()

    def test_does_not_find_it_written_over_new_words(self, page: CustomPage) -> None:
        write_before_the_script(page, "New words")
        reads(page, "New words")

    def test_finds_the_rest_where_the_browser_filled_in_a_part(self, page: CustomPage) -> None:
        write_before_the_script(page)
        expect(page.get_by_label("Blog Title")).to_have_value("First light")

    def test_keeps_words_typed_before_the_script_too(self, page: CustomPage, at_the_form_again: User) -> None:
        write_before_the_script(page, "New words")
        log_out_behind(page)
        page.submit("Next")
        page.login(at_the_form_again, "/blogs/new")
        reads(page, "New words")

    def test_finds_it_on_the_refusal_of_a_save(self, page: CustomPage) -> None:
        page.submit("Next")
        log_out_behind(page)
        page.submit("Save Blog")
        expect(page.get_by_text(IS_KEPT)).to_be_visible()

    def test_keeps_it_from_others(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        finds_nothing(page)

    class TestAndThrowingItAway:
        @pytest.fixture(autouse=True)
        def thrown_away(self, at_the_form_again: User, page: CustomPage) -> None:
            page.get_by_role("button", name="Start afresh").click()

        @pytest.mark.looks
        def test_is_at_an_empty_form(self, page: CustomPage) -> None:
            reads(page, "")

        @pytest.mark.looks
        def test_reads_that_it_is_gone(self, page: CustomPage) -> None:
            expect(told(page)).to_have_text("Your text was discarded.")

        def test_does_not_find_it_again(self, page: CustomPage) -> None:
            page.reload()
            expect(told(page)).to_be_hidden()

        def test_may_think_again(self, page: CustomPage) -> None:
            page.keyboard.press("Enter")
            reads(page)
            page.reload()
            reads(page)

        def test_is_offered_nothing_in_place_of_new_words(self, page: CustomPage) -> None:
            write(page, "New words")
            expect(page.get_by_role("button", name="Undo")).to_be_hidden()

    class TestAndLoggingOut:
        def handle_dialog(self, page: CustomPage, *, accept: bool) -> list[str]:
            asked: list[str] = []

            def on_dialog(dialog: Dialog) -> None:
                asked.append(dialog.message)
                (dialog.accept if accept else dialog.dismiss)()

            page.on("dialog", on_dialog)
            return asked

        def test_is_asked_first(self, page: CustomPage) -> None:
            asked = self.handle_dialog(page, accept=False)
            page.get_by_role("link", name="Logout").click()
            [question] = asked
            assert question.endswith("Logging out removes it from here; your drafts stay.")

        def test_may_stay(self, page: CustomPage) -> None:
            self.handle_dialog(page, accept=False)
            page.get_by_role("link", name="Logout").click()
            page.reload()
            reads(page)

        def test_leaves_nothing_behind(self, page: CustomPage) -> None:
            self.handle_dialog(page, accept=True)
            page.get_by_role("link", name="Logout").click()
            expect(page.get_by_role("link", name="Login With Google")).to_be_visible()
            assert kept_in(page) == []

        def test_leaves_nothing_behind_by_the_button_either(self, page: CustomPage) -> None:
            self.handle_dialog(page, accept=True)
            page.goto("/auth/logout")
            page.submit("Log out")
            assert kept_in(page) == []

        def test_leaves_the_texts_of_others(self, page: CustomPage, at_the_form_again: User) -> None:
            page.login()
            page.get_by_role("link", name="Logout").click()
            expect(page.get_by_role("link", name="Login With Google")).to_be_visible()
            page.login(at_the_form_again, "/blogs/new")
            reads(page)


class TestTextThatWasSaved:
    @pytest.fixture(autouse=True)
    def saved(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        write(page)
        save(page)

    def test_is_gone_from_the_form(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        finds_nothing(page)

    @pytest.mark.looks
    def test_is_gone_from_the_browser(self, page: CustomPage) -> None:
        assert kept_in(page) == []

    def test_does_not_come_back_by_going_back(self, page: CustomPage) -> None:
        with page.expect_navigation():
            page.evaluate("history.go(-2)")
        expect(page.get_by_role("heading", name="New blog")).to_be_visible()
        finds_nothing(page)

    def test_lets_the_visitor_log_out_unasked(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Logout").click()
        expect(page.get_by_role("link", name="Login With Google")).to_be_visible()


class TestTextThatWasSavedInAnotherTab:
    @pytest.fixture(autouse=True)
    def saved(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        write(page)
        another = page.context.new_page()
        another.goto("/blogs/new")
        save(another)

    def test_is_gone_here_too(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        finds_nothing(page)


class TestTwoTextsAtOnce:
    @pytest.fixture(autouse=True)
    def typed(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        another = page.context.new_page()
        another.goto("/blogs/new")
        write(page, "The first")
        write(another, "The second")

    def test_stay_each_in_its_tab(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        reads(page, "The first")

    def test_come_back_one_after_the_other(self, page: CustomPage) -> None:
        third = page.context.new_page()
        third.goto("/blogs/new")
        reads(third, "The second")
        save(third)
        third.goto("/blogs/new")
        reads(third, "The first")


class TestStartingAfreshInAnotherTab:
    @pytest.fixture(autouse=True)
    def typed(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        write(page, "The first")
        another = page.context.new_page()
        another.goto("/blogs/new")
        another.get_by_role("button", name="Start afresh").click()
        write(another, "The second")

    def test_leaves_this_tab_its_own(self, page: CustomPage) -> None:
        write(page, "The first, longer")
        assert len(kept_in(page)) == 2


class TestTenTextsAtOnce:
    @pytest.fixture(autouse=True)
    def typed(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        user = user_factory()
        self.first, *others, self.last = (f"/blogs/{blog_factory(user).id}/edit" for _ in range(11))
        page.login(user, self.first)
        write(page)
        for path in others:
            page.goto(path)
            write(page)
        write(page, "And more")

    def test_are_all_kept(self, page: CustomPage) -> None:
        page.goto(self.first)
        reads(page)

    def test_leave_the_oldest_to_the_server(self, page: CustomPage) -> None:
        page.goto(self.last)
        write(page)
        page.goto(self.first)
        reads(page)
