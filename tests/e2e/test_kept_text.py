"""Text that was typed and not saved: it comes back on every way, to the same person, until it is saved."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect
from sqlalchemy import select

from app.attachments.models import Attachment
from app.auth.models import User
from app.auth.queries import end_sessions
from app.blogs.models import Blog
from app.db import Database
from tests.e2e.conftest import NewPage
from tests.e2e.custom_page import CustomPage
from tests.e2e.provider import Somebody
from tests.e2e.uploads import choose, fail_to_upload, upload, upload_without_end
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN
from tests.factories.user import UserFactory

TYPED = "It was bright.\nVery."
IS_KEPT = "It is kept in this browser"
COPY_IT = "Copy it before you go on"


def told(page: Page) -> Locator:
    """The line above a form whose text came back."""
    return page.locator(".text-back").get_by_role("status")


def write(page: Page, content: str = TYPED) -> None:
    page.get_by_label("Content").fill(content)


def reads(page: Page, content: str = TYPED) -> None:
    expect(page.get_by_label("Content")).to_have_value(content)


def write_before_the_script(page: CustomPage, content: str = TYPED) -> None:
    """Come to the page again, and type before its script runs, as somebody quick does, or a browser that goes back."""
    held: list[Route] = []
    page.route("**/keep.js", lambda route: held.append(route))
    with page.expect_request("**/keep.js"):
        page.reload(wait_until="commit")
    write(page, content)
    with page.expect_event("domcontentloaded"):
        held[0].continue_()
    page.unroute_all()


def log_out_behind(page: Page) -> None:
    """The session ends, as it does by itself, and the page knows nothing of it."""
    page.context.clear_cookies()


def finds_nothing(page: Page) -> None:
    # What is not there yet may still come, until the page's scripts have run.
    page.wait_for_load_state()
    expect(told(page)).to_be_hidden()


def press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def save(page: Page) -> None:
    page.get_by_label("Blog Title").fill("First light")
    press(page, "Next")
    press(page, "Save Blog")
    expect(page.get_by_role("heading", name="My blogs")).to_be_visible()


def kept_in(page: Page) -> list[str]:
    names: list[str] = page.evaluate("Object.keys(localStorage)")
    return names


def by_the_button_of_the_refusal(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    page.get_by_role("link", name="Log in and go on").click()
    mary.sign_in(page)
    return page


def by_the_header(page: CustomPage, mary: Somebody) -> Page:
    page.submit("Next")
    page.get_by_role("link", name="Login With Google").click()
    mary.sign_in(page)
    page.get_by_role("link", name="New blog").click()
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
    def logged_out(self, page: CustomPage, database: Database) -> None:
        self.mary = Somebody()
        page.goto("/auth/google?next=/blogs/new")
        self.mary.sign_in(page)
        page.get_by_label("Blog Title").fill("First light")
        write(page)
        with database.write() as db:
            end_sessions(db, page.get("/api/current_user")["id"])

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
    def refused(self, page: CustomPage, database: Database, blog_factory: BlogFactory) -> None:
        self.mary = Somebody()
        page.goto("/auth/google")
        self.mary.sign_in(page)
        user_id = page.get("/api/current_user")["id"]
        with database.read() as db:
            self.blog = blog_factory(db.get_one(User, user_id))
        page.goto(f"/blogs/{self.blog.id}/edit")
        write(page)
        with database.write() as db:
            end_sessions(db, user_id)
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
        upload(page)
        log_out_behind(page)
        page.submit("Save Blog")
        expect(page.get_by_text(IS_KEPT)).to_be_visible()
        page.login(user, "/blogs/new")

    def test_finds_the_text_again(self, page: CustomPage) -> None:
        reads(page)

    def test_finds_the_picture_on_the_next_page(self, page: CustomPage) -> None:
        page.submit("Next")
        expect(page.get_by_text("sunrise.png")).to_be_visible()


class TestWithUnsavedText:
    @pytest.fixture(autouse=True)
    def at_the_form_again(self, page: CustomPage) -> User:
        user = page.login(path="/blogs/new")
        page.get_by_label("Blog Title").fill("First light")
        write(page)
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("link", name="New blog").click()
        return user

    def test_finds_it_after_cancelling(self, page: CustomPage) -> None:
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
        page.get_by_role("link", name="New blog").click()
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

        def test_is_at_an_empty_form(self, page: CustomPage) -> None:
            reads(page, "")

        def test_reads_that_it_is_gone(self, page: CustomPage) -> None:
            expect(told(page)).to_have_text("Your text was thrown away.")

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
            assert asked == ["There is text in this browser that you have not saved. Logging out removes it."]

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


class TestAnEditedBlog:
    @pytest.fixture(autouse=True)
    def typed(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> Blog:
        user = user_factory()
        blog = blog_factory(user, content="As it was")
        page.login(user, f"/blogs/{blog.id}/edit")
        write(page)
        return blog

    def test_is_found_as_it_was_typed(self, page: CustomPage) -> None:
        page.goto(page.url)
        reads(page)

    def test_may_be_shown_as_it_is_saved(self, page: CustomPage) -> None:
        page.goto(page.url)
        page.get_by_role("button", name="Show what is saved").click()
        reads(page, "As it was")

    def test_is_no_unsaved_text_when_all_is_as_before(self, page: CustomPage) -> None:
        write(page, "As it was")
        assert kept_in(page) == []

    def test_stays_where_it_is_when_an_empty_form_is_refused(self, page: CustomPage, typed: Blog) -> None:
        page.goto("/blogs/new")
        page.submit("Next")
        page.goto(f"/blogs/{typed.id}/edit")
        reads(page)

    def test_is_forgotten_when_it_is_saved(self, page: CustomPage, typed: Blog) -> None:
        page.submit("Save Changes")
        page.goto(f"/blogs/{typed.id}/edit")
        finds_nothing(page)

    def test_is_forgotten_when_the_answer_to_its_save_was_lost(self, page: CustomPage, typed: Blog) -> None:
        page.context.request.patch(f"/api/blogs/{typed.id}", data={"content": TYPED})
        page.goto(page.url)
        finds_nothing(page)

    class TestAndChangedElsewhere:
        @pytest.fixture(autouse=True)
        def found_again(self, typed: Blog, page: CustomPage) -> None:
            page.context.request.patch(f"/api/blogs/{typed.id}", data={"content": "By somebody else"})
            page.goto(page.url)

        def test_is_told_so(self, page: CustomPage) -> None:
            expect(told(page)).to_contain_text("The blog was changed meanwhile")

        def test_shows_both_before_it_replaces_anything(self, page: CustomPage) -> None:
            page.submit("Save Changes")
            expect(page.get_by_role("alert")).to_contain_text("This blog was changed since you opened it.")
            reads(page)

        def test_is_found_again_after_seeing_both(self, page: CustomPage, typed: Blog) -> None:
            page.submit("Save Changes")
            page.goto(f"/blogs/{typed.id}/edit")
            reads(page)

        def test_is_forgotten_when_it_is_saved_knowingly(self, page: CustomPage, typed: Blog) -> None:
            page.submit("Save Changes")
            page.submit("Save Changes")
            page.goto(f"/blogs/{typed.id}/edit")
            finds_nothing(page)

    class TestAndDeletedElsewhere:
        @pytest.fixture(autouse=True)
        def deleted(self, typed: Blog, page: CustomPage) -> None:
            page.context.request.post(f"/blogs/{typed.id}/delete", headers=SAME_ORIGIN)

        def test_is_offered_as_a_new_one(self, page: CustomPage) -> None:
            page.goto(page.url)
            page.get_by_role("link", name="Write it into a new blog").click()
            reads(page)

        def test_is_found_in_the_form_of_a_new_one_after_a_save(self, page: CustomPage) -> None:
            page.submit("Save Changes")
            page.goto("/blogs/new")
            reads(page)


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
        page.login(user)
        for path in (self.first, *others):
            page.goto(path)
            write(page)
        write(page, "And more")

    def test_are_all_kept(self, page: CustomPage) -> None:
        page.goto(self.first)
        reads(page)

    def test_lose_the_oldest_to_another(self, page: CustomPage) -> None:
        page.goto(self.last)
        write(page)
        page.goto(self.first)
        finds_nothing(page)


THE_FILE = re.compile(r"/api/attachments/\d+$")


class TestAPictureAddedWhileEditing:
    @pytest.fixture(autouse=True)
    def added(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> User:
        user = user_factory()
        page.login(user, f"/blogs/{blog_factory(user).id}/edit")
        upload(page)
        return user

    def come_back_slowly(self, page: CustomPage) -> Route:
        """Be at the form again, before the blog has told what the file is."""
        asked: list[Route] = []
        page.route(THE_FILE, lambda route: asked.append(route))
        with page.expect_request(THE_FILE):
            page.reload()
        return asked[0]

    def let_go_on(self, page: CustomPage, asked: Route) -> None:
        with page.expect_event("requestfinished"):
            asked.continue_()
        # Another request, so that the page has made something of the answer before.
        page.get("/api/current_user")

    def test_is_found_with_the_text(self, page: CustomPage) -> None:
        page.reload()
        expect(page.get_by_text("sunrise.png")).to_be_visible()

    def test_is_saved_from_there(self, page: CustomPage) -> None:
        page.reload()
        expect(page.get_by_text("sunrise.png")).to_be_visible()
        page.submit("Save Changes")
        expect(page.get_by_role("img", name="sunrise.png")).to_be_visible()

    def test_goes_with_the_text_that_is_thrown_away(self, page: CustomPage) -> None:
        page.reload()
        page.get_by_role("button", name="Show what is saved").click()
        expect(page.get_by_text("sunrise.png")).to_be_hidden()

    def test_does_not_come_when_the_text_was_thrown_away(self, page: CustomPage) -> None:
        asked = self.come_back_slowly(page)
        page.get_by_role("button", name="Show what is saved").click()
        self.let_go_on(page, asked)
        expect(page.get_by_text("sunrise.png")).to_be_hidden()

    def test_does_not_come_when_another_was_chosen(self, page: CustomPage) -> None:
        asked = self.come_back_slowly(page)
        held = upload_without_end(page, "moon.png")
        self.let_go_on(page, asked)
        expect(page.get_by_text("moon.png")).to_be_visible()
        held[0].continue_()
        expect(page.get_by_text("Upload successful!")).to_be_visible()

    def test_that_is_gone_is_said_to_be_gone(self, page: CustomPage, added: User, database: Database) -> None:
        with database.write() as db:
            db.delete(db.scalars(select(Attachment).where(Attachment.uploader_id == added.id)).one())
        page.reload()
        expect(page.get_by_text("The file that you added did not come back.")).to_be_visible()


FORBIDDEN = """
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("Denied", "SecurityError"); } });
  }
"""
FULL = """
  for (let size = 2 ** 23, name = 0; size >= 1; ) {
    try { localStorage.setItem(`other-${name++}`, "x".repeat(size)); } catch { size = Math.floor(size / 2); }
  }
"""


class TestABrowserThatKeepsNothing:
    @pytest.fixture(autouse=True, params=[FORBIDDEN, FULL], ids=["forbidden", "full"])
    def at_the_form(self, request: pytest.FixtureRequest, page: CustomPage) -> None:
        page.add_init_script(request.param)
        page.login(path="/blogs/new")
        for content in ("Something", "", TYPED):
            write(page, content)

    def test_saves_all_the_same(self, page: CustomPage) -> None:
        save(page)
        assert page.get("/api/blogs")[0]["content"] == TYPED

    def test_is_not_said_to_keep_anything(self, page: CustomPage) -> None:
        log_out_behind(page)
        page.submit("Next")
        expect(page.get_by_text(COPY_IT)).to_be_visible()
        expect(page.get_by_text(IS_KEPT)).to_be_hidden()

    def test_promises_nothing_after_a_failed_upload(self, page: CustomPage) -> None:
        page.submit("Next", title="First light")
        fail_to_upload(page)
        expect(page.get_by_text("You can also save without it.")).to_be_visible()

    def test_promises_nothing_after_an_upload_logged_out(self, page: CustomPage) -> None:
        page.submit("Next", title="First light")
        log_out_behind(page)
        choose(page)
        expect(page.get_by_text("press Retry.")).to_be_visible()
        expect(page.get_by_text("kept in this browser")).to_be_hidden()


class TestWithoutJavaScript:
    @pytest.fixture(autouse=True)
    def refused(self, new_page: NewPage) -> None:
        self.page = new_page(java_script_enabled=False)
        self.page.login(path="/blogs/new")
        write(self.page)
        log_out_behind(self.page)
        self.page.submit("Next")

    def test_is_asked_to_copy_the_text(self) -> None:
        expect(self.page.get_by_text(COPY_IT)).to_be_visible()
        expect(self.page.get_by_text(IS_KEPT)).to_be_hidden()


class TestTextThatIsTooLargeToBeSent:
    @pytest.fixture(autouse=True)
    def refused(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        self.text = "字" * 200_000
        page.submit("Next", title="字" * 40_000, content=self.text)

    def test_may_be_gone_back_to(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Go back to it").click()
        reads(page, self.text)


class TestTextThatIsLongerThanAFormTakes:
    @pytest.fixture(autouse=True)
    def refused(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        write(page)
        write(page, "a" * 200_001)
        log_out_behind(page)
        page.submit("Next")

    def test_is_not_said_to_be_kept(self, page: CustomPage) -> None:
        expect(page.get_by_text(COPY_IT)).to_be_visible()
        expect(page.get_by_text(IS_KEPT)).to_be_hidden()
