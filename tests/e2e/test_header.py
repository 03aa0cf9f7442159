"""The header, logged out and logged in."""

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveBlog


class TestLoggedOut:
    @pytest.fixture(autouse=True)
    def at_the_front_page(self, page: CustomPage) -> None:
        page.goto("/")

    @pytest.mark.looks
    def test_the_header_has_the_correct_text(self, page: CustomPage) -> None:
        assert page.get_contents_of("a.brand-logo") == "Inkwell"

    def test_clicking_login_starts_the_oauth_flow(self, page: CustomPage, site: LiveBlog) -> None:
        page.click(".right a")
        assert page.url.startswith(f"{site.provider_url}/")


@pytest.mark.looks
class TestSignedIn:
    @pytest.fixture(autouse=True)
    def logged_in(self, page: CustomPage) -> None:
        page.login()

    def test_shows_the_logout_button(self, page: CustomPage) -> None:
        assert page.get_contents_of('a[href="/auth/logout"]') == "Logout"

    def test_the_name_leads_to_the_persons_blogs(self, page: CustomPage) -> None:
        expect(page.locator("a.brand-logo")).to_have_attribute("href", "/blogs")
