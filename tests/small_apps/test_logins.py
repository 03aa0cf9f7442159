"""Logins without a login page, on apps that the harness has never seen."""

import pytest
from playwright.sync_api import expect

from tests.forge.fixtures import ClientFor, Clock, NewPage
from tests.forge.page import ForgePage
from tests.forge.session import SessionCookie
from tests.small_apps.conftest import PROJECTS

pytestmark = pytest.mark.parametrize("project", [*PROJECTS], indirect=True, scope="session")


class TestALogin:
    def test_shows_the_page_to_that_user(self, page: ForgePage) -> None:
        page.login("Grace")
        expect(page.get_by_role("heading", name="Hello Grace")).to_be_visible()

    def test_is_of_somebody_new_when_nobody_is_named(self, page: ForgePage) -> None:
        assert page.login() == "Ada"

    def test_leaves_others_logged_in(self, page: ForgePage, as_user: NewPage) -> None:
        page.login("Grace")
        as_user("Hedy")
        page.reload()
        assert page.get_contents_of("h1") == "Hello Grace"

    def test_needs_no_browser(self, client_for: ClientFor) -> None:
        assert "Hello Grace" in client_for("Grace").get("/").text()

    def test_is_the_same_for_a_page_and_its_requests(self, page: ForgePage) -> None:
        page.login("Grace")
        assert "Hello Grace" in page.request.get("/").text()


class TestASessionThatIsRefused:
    @pytest.fixture(autouse=True)
    def carried(self, page: ForgePage, refused_session: SessionCookie) -> None:
        page.set_session_cookie(refused_session)
        page.goto("/")

    def test_greets_nobody(self, page: ForgePage) -> None:
        expect(page.get_by_text("Hello")).to_have_count(0)


class TestADayBeforeASessionEnds:
    def test_it_counts(self, page: ForgePage, clock: Clock) -> None:
        clock.forward(days=30)
        page.login("Grace")


class TestADayAfterASessionEnded:
    @pytest.fixture(autouse=True)
    def logged_in_long_ago(self, page: ForgePage, clock: Clock) -> None:
        page.login("Grace")
        clock.forward(days=32)
        page.goto("/")

    def test_it_counts_no_more(self, page: ForgePage) -> None:
        expect(page.get_by_text("Hello")).to_have_count(0)
