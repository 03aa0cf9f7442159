"""Writing, reading, changing and deleting blogs."""

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.live_server import LiveBlog
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN, SessionFactory
from tests.factories.user import UserFactory
from tests.forge.page import Action

MUST_LOG_IN = {"error": "You must log in!"}


class TestWhenLoggedIn:
    @pytest.fixture(autouse=True)
    def at_the_blog_form(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")

    @pytest.mark.looks
    def test_can_see_the_blog_create_form(self, page: CustomPage) -> None:
        assert page.get_contents_of("form label") == "Blog Title"

    def test_gets_back_to_the_list_by_cancel(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="Cancel").click()
        expect(page).to_have_url(f"{site.url}/blogs")

    class TestAndUsingValidInputs:
        @pytest.fixture(autouse=True)
        def submitted(self, at_the_blog_form: None, page: CustomPage) -> None:
            page.submit("Next", title="First light", content="It was <b>bright</b>.\nVery.")

        @pytest.mark.looks
        def test_submitting_takes_the_user_to_the_review_screen(self, page: CustomPage) -> None:
            assert page.get_contents_of("h5") == "Please confirm your entries"

        def test_submitting_then_saving_adds_the_blog_to_the_index_page(self, page: CustomPage) -> None:
            page.click("button.green")
            expect(page.locator(".card-title")).to_have_text("First light")

        @pytest.mark.looks
        def test_sees_the_content_as_it_was_typed(self, page: CustomPage) -> None:
            expect(page.get_by_text("It was <b>bright</b>.")).to_be_visible()

        def test_finds_the_values_again_by_going_back(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Back").click()
            expect(page.get_by_label("Content")).to_have_value("It was <b>bright</b>.\nVery.")

        @pytest.mark.looks
        def test_has_saved_nothing_yet(self, page: CustomPage) -> None:
            assert page.get("/api/blogs") == []

    class TestAndUsingInvalidInputs:
        @pytest.fixture(autouse=True)
        def submitted_empty(self, at_the_blog_form: None, page: CustomPage) -> None:
            page.submit("Next", title="   ")

        def test_the_form_shows_an_error_message(self, page: CustomPage) -> None:
            assert page.get_contents_of(".title .red-text") == "You must provide a value"
            assert page.get_contents_of(".content .red-text") == "You must provide a value"

    @pytest.mark.looks
    class TestAndLeavingOutTheTitle:
        @pytest.fixture(autouse=True)
        def submitted_half(self, at_the_blog_form: None, page: CustomPage) -> None:
            page.submit("Next", content="Kept")

        def test_keeps_the_content(self, page: CustomPage) -> None:
            expect(page.get_by_label("Content")).to_have_value("Kept")

        def test_blames_only_the_title(self, page: CustomPage) -> None:
            expect(page.locator(".content .red-text")).to_be_empty()


class TestWhenNotLoggedIn:
    @pytest.fixture(autouse=True)
    def at_the_front_page(self, page: CustomPage) -> None:
        page.goto("/")

    def test_blog_related_actions_are_prohibited(self, page: CustomPage) -> None:
        actions: list[Action] = [
            {"method": "get", "path": "/api/blogs"},
            {"method": "post", "path": "/api/blogs", "data": {"title": "T", "content": "C"}},
        ]
        assert page.exec_requests(actions) == [MUST_LOG_IN, MUST_LOG_IN]


class TestWithoutJavaScript:
    @pytest.fixture(autouse=True)
    def at_the_blog_form(self, new_page: NewPage) -> None:
        self.page = new_page(java_script_enabled=False)
        self.page.login(path="/blogs/new")

    def test_writes_a_blog_all_the_same(self) -> None:
        self.page.submit("Next", title="No script", content="None needed")
        self.page.submit("Save Blog")
        expect(self.page.locator(".card-title")).to_have_text("No script")


class TestWithNothingWritten:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage) -> None:
        page.login()

    def test_is_told_what_to_do(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="Write the first one").click()
        expect(page).to_have_url(f"{site.url}/blogs/new")


class TestWithABlog:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.user: User = user_factory()
        self.blog = blog_factory(self.user, title="On ink", content="It dries. " * 100)
        page.login(self.user)

    def test_reads_it_whole(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Read On ink").click()
        expect(page.locator(".prose")).to_have_text("It dries. " * 100)

    @pytest.mark.looks
    def test_sees_it_shortened_in_the_list(self, page: CustomPage) -> None:
        assert len(page.get_contents_of(".card p")) < 300

    def test_reaches_the_form_by_the_floating_button(self, page: CustomPage, site: LiveBlog) -> None:
        page.click("a.btn-floating")
        expect(page).to_have_url(f"{site.url}/blogs/new")

    def test_sees_newer_blogs_first(self, page: CustomPage, blog_factory: BlogFactory) -> None:
        blog_factory(self.user, title="On paper")
        page.reload()
        expect(page.locator(".card-title")).to_have_text(["On paper", "On ink"])

    def test_does_not_see_the_blogs_of_others(
        self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        blog_factory(user_factory(), title="Not yours")
        page.reload()
        expect(page.locator(".card-title")).to_have_text(["On ink"])

    class TestChangingIt:
        @pytest.fixture(autouse=True)
        def at_the_edit_form(self, at_the_list: None, page: CustomPage) -> None:
            page.get_by_role("link", name="Read On ink").click()
            page.get_by_role("link", name="Edit").click()

        def test_reads_the_new_words_after_saving(self, page: CustomPage) -> None:
            page.submit("Save Changes", title="On blue ink")
            expect(page.get_by_role("heading", name="On blue ink")).to_be_visible()

        def test_is_told_what_is_missing(self, page: CustomPage) -> None:
            page.submit("Save Changes", title="")
            expect(page.locator(".title .red-text")).to_have_text("You must provide a value")

    class TestDeletingIt:
        @pytest.fixture(autouse=True)
        def asked_to_confirm(self, at_the_list: None, page: CustomPage) -> None:
            page.get_by_role("link", name="Read On ink").click()
            page.get_by_role("link", name="Delete").click()

        def test_finds_it_gone_after_confirming(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Delete Blog").click()
            expect(page.get_by_text("Nothing written yet.")).to_be_visible()

        def test_may_keep_it(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Keep it").click()
            expect(page.get_by_role("heading", name="On ink")).to_be_visible()


class TestEditingInTwoTabs:
    @pytest.fixture(autouse=True)
    def first_tab_saved(
        self, page: CustomPage, new_page: NewPage, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        user = user_factory()
        blog = blog_factory(user, title="Draft", content="As it was")
        self.second = new_page()
        for tab in (page, self.second):
            tab.login(user, path=f"/blogs/{blog.id}/edit")
        page.submit("Save Changes", content="By the first tab")
        expect(page.locator(".prose")).to_have_text("By the first tab")
        self.second.submit("Save Changes", content="By the second tab")

    @pytest.mark.looks
    def test_the_second_save_is_told(self) -> None:
        expect(self.second.get_by_role("alert")).to_contain_text("This blog was changed since you opened it.")

    @pytest.mark.looks
    def test_what_the_second_tab_typed_is_kept(self) -> None:
        expect(self.second.get_by_label("Content")).to_have_value("By the second tab")

    def test_what_the_first_tab_saved_can_be_read(self) -> None:
        self.second.get_by_text("Show what is saved now").click()
        expect(self.second.locator("details .prose")).to_have_text("By the first tab")

    def test_the_second_tab_may_save_knowingly(self) -> None:
        self.second.submit("Save Changes")
        expect(self.second.locator(".blog .prose")).to_have_text("By the second tab")


class TestChangingABlogThatIsGone:
    @pytest.fixture(autouse=True)
    def saved_too_late(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        user = user_factory()
        blog = blog_factory(user)
        page.login(user, path=f"/blogs/{blog.id}/edit")
        page.context.request.post(f"/blogs/{blog.id}/delete", headers=SAME_ORIGIN)
        page.submit("Save Changes", content="Typed meanwhile")

    @pytest.mark.looks
    def test_loses_nothing_typed(self, page: CustomPage) -> None:
        expect(page.get_by_label("Content")).to_have_value("Typed meanwhile")

    def test_may_be_saved_as_a_new_one(self, page: CustomPage) -> None:
        page.submit("Next")
        page.submit("Save Blog")
        expect(page.locator(".card")).to_contain_text("Typed meanwhile")


class TestWritingWhileLoggedOutElsewhere:
    @pytest.fixture(autouse=True)
    def refused(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        page.context.clear_cookies()
        page.submit("Next", title="Unsaved", content="Every word of it")

    def test_loses_nothing_typed(self, page: CustomPage) -> None:
        expect(page.get_by_label("Content")).to_have_value("Every word of it")


class TestOpeningAStrangersBlog:
    @pytest.fixture(autouse=True)
    def refused(
        self,
        page: CustomPage,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        session_factory: SessionFactory,
    ) -> None:
        blog = blog_factory(user_factory(), title="Private")
        page.set_session_cookie(session_factory(user_factory()))
        page.goto(f"/blogs/{blog.id}")

    def test_reads_that_there_is_no_such_blog(self, page: CustomPage) -> None:
        expect(page.get_by_text("There is no such blog.")).to_be_visible()
