"""The true login: through the provider's own page, and every way it can end."""

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.live_server import LiveBlog
from tests.e2e.provider import Somebody
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory


class TestAtTheProvider:
    @pytest.fixture(autouse=True)
    def sent_to_the_provider(self, page: CustomPage) -> None:
        page.goto("/")
        page.get_by_role("link", name="Login With Google").click()

    class TestSigningInAsSomebodyNew:
        @pytest.fixture(autouse=True)
        def signed_in(self, sent_to_the_provider: None, page: CustomPage) -> None:
            self.mary = Somebody()
            self.mary.sign_in(page)

        @pytest.mark.looks
        def test_lands_on_the_persons_blogs(self, page: CustomPage) -> None:
            expect(page.get_by_role("heading", name="My blogs")).to_be_visible()

        @pytest.mark.looks
        def test_is_known_by_the_name_the_provider_gave(self, page: CustomPage) -> None:
            assert page.get("/api/current_user")["name"] == "Mary Shelley"

        def test_finds_this_login_at_the_account(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Mary Shelley").click()
            expect(page.locator("li").filter(has_text="this one")).to_contain_text("logged in")

        def test_is_the_same_user_the_next_time(self, page: CustomPage) -> None:
            before = page.get("/api/current_user")["id"]
            page.get_by_role("link", name="Logout").click()
            page.get_by_role("link", name="Login With Google").click()
            self.mary.sign_in(page)
            expect(page.get_by_role("heading", name="My blogs")).to_be_visible()
            assert page.get("/api/current_user")["id"] == before

    class TestCancelling:
        @pytest.fixture(autouse=True)
        def cancelled(self, sent_to_the_provider: None, page: CustomPage) -> None:
            page.get_by_role("button", name="Cancel").click()

        @pytest.mark.looks
        def test_reads_that_the_login_was_cancelled(self, page: CustomPage) -> None:
            expect(page.get_by_text("The login was cancelled.")).to_be_visible()

        @pytest.mark.looks
        def test_is_not_logged_in(self, page: CustomPage) -> None:
            assert page.get("/api/current_user") is None

        def test_may_try_again(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Log in again").click()
            expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    @pytest.mark.looks
    class TestComingBackTwice:
        @pytest.fixture(autouse=True)
        def came_back_twice(self, sent_to_the_provider: None, page: CustomPage) -> None:
            with page.expect_request("**/auth/google/callback?*") as callback:
                page.get_by_role("button", name="Sign in").click()
            page.goto(callback.value.url)

        def test_reads_that_the_login_has_expired(self, page: CustomPage) -> None:
            expect(page.get_by_text("This login has expired")).to_be_visible()

        def test_is_still_logged_in(self, page: CustomPage) -> None:
            assert page.get("/api/current_user") is not None


class TestSharedWithBeforeTheFirstLogin:
    @pytest.fixture(autouse=True)
    def at_the_provider(
        self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory, share_factory: ShareFactory
    ) -> None:
        self.mary = Somebody()
        share_factory(blog_factory(user_factory(), title="For Mary"), email=self.mary.email)
        page.goto("/")
        page.get_by_role("link", name="Login With Google").click()

    def test_finds_the_blog_at_once(self, page: CustomPage) -> None:
        self.mary.sign_in(page)
        page.get_by_role("link", name="Shared with me").click()
        expect(page.locator(".card-title")).to_have_text("For Mary")

    def test_finds_nothing_while_the_provider_has_not_verified_the_address(self, page: CustomPage) -> None:
        page.get_by_role("radio", name="Someone else").check()
        page.get_by_label("verified").uncheck()
        self.mary.sign_in(page)
        page.get_by_role("link", name="Shared with me").click()
        expect(page.get_by_text("Your login has no verified e-mail address")).to_be_visible()


class TestAskingForAPageThatNeedsALogin:
    @pytest.fixture(autouse=True)
    def refused(self, page: CustomPage) -> None:
        page.goto("/blogs/new")

    @pytest.mark.looks
    def test_reads_that_a_login_is_needed(self, page: CustomPage) -> None:
        expect(page.get_by_text("You must log in!")).to_be_visible()

    def test_is_taken_there_by_logging_in(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="Log in and go on").click()
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{site.url}/blogs/new")


class TestBroughtBackWithAStrangersState:
    @pytest.fixture(autouse=True)
    def lured(self, page: CustomPage) -> None:
        page.goto("/auth/google/callback?code=stolen&state=forged")

    def test_reads_that_the_login_was_begun_elsewhere(self, page: CustomPage) -> None:
        expect(page.get_by_text("begun in another browser")).to_be_visible()


class TestAWebAddressOfThisMachineByNumber:
    @pytest.fixture(autouse=True)
    def at_the_other_name(self, page: CustomPage, site: LiveBlog) -> None:
        page.goto(site.url.replace("localhost", "127.0.0.1"))

    def test_logs_in_all_the_same(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="Login With Google").click()
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{site.url}/blogs")


class TestLoggingOut:
    @pytest.fixture(autouse=True)
    def logged_in_twice(self, page: CustomPage, new_page: NewPage, user_factory: UserFactory) -> None:
        user = user_factory()
        page.login(user)
        self.elsewhere = new_page()
        self.elsewhere.login(user)

    def test_leads_to_the_front_page(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="Logout").click()
        expect(page).to_have_url(f"{site.url}/")

    def test_ends_the_sessions_on_other_devices(self, page: CustomPage) -> None:
        page.get_by_role("link", name="Logout").click()
        expect(page.get_by_role("link", name="Login With Google")).to_be_visible()
        assert self.elsewhere.get("/api/current_user") is None

    class TestByTypingTheAddress:
        @pytest.fixture(autouse=True)
        def typed(self, logged_in_twice: None, page: CustomPage) -> None:
            page.goto("/auth/logout")

        def test_is_asked_first(self, page: CustomPage) -> None:
            expect(page.get_by_role("heading", name="Log out?")).to_be_visible()

    class TestByALinkOnAnotherSite:
        @pytest.fixture(autouse=True)
        def lured(self, logged_in_twice: None, page: CustomPage, site: LiveBlog) -> None:
            elsewhere = site.url.replace("localhost", "127.0.0.1") + "/elsewhere"
            bait = f'<link rel="icon" href="data:,"><a href="{site.url}/auth/logout">A prize</a>'
            page.route(elsewhere, lambda route: route.fulfill(content_type="text/html", body=bait))
            page.goto(elsewhere)
            page.get_by_role("link", name="A prize").click()

        @pytest.mark.looks
        def test_is_asked_first(self, page: CustomPage) -> None:
            expect(page.get_by_role("heading", name="Log out?")).to_be_visible()

        def test_is_logged_out_by_saying_so(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Log out").click()
            expect(page.get_by_role("link", name="Login With Google")).to_be_visible()

        def test_may_stay(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Stay").click()
            expect(page.get_by_role("link", name="Logout")).to_be_visible()
