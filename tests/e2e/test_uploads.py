"""Adding an image: choosing it, watching it go straight to the store, and seeing it on the page."""

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage
from tests.e2e.uploads import choose, status
from tests.factories.attachment import a_picture

pytestmark = pytest.mark.parametrize("site", ["disk", "s3"], indirect=True, scope="session")


@pytest.fixture(autouse=True)
def at_the_review(page: CustomPage) -> None:
    page.login(path="/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")


class TestChoosingAPicture:
    @pytest.fixture(autouse=True)
    def uploaded(self, at_the_review: None, page: CustomPage) -> None:
        choose(page, "sunrise.png", "image/png", a_picture(80, 60))
        expect(status(page)).to_have_text("Upload successful!")

    def test_shows_what_was_chosen(self, page: CustomPage) -> None:
        expect(page.get_by_text("sunrise.png")).to_be_visible()

    def test_shows_a_preview(self, page: CustomPage) -> None:
        assert page.locator(".preview").evaluate("image => image.decode().then(() => image.naturalWidth)") == 80

    def test_puts_it_on_the_blog_that_is_saved(self, page: CustomPage) -> None:
        page.submit("Save Blog")
        page.get_by_role("link", name="Read").click()
        expect(page.get_by_role("img", name="sunrise.png")).to_be_visible()
        assert page.locator(".picture").evaluate("image => image.decode().then(() => image.complete)")

    def test_saves_what_the_store_says_of_it(self, page: CustomPage) -> None:
        page.submit("Save Blog")
        saved = page.get("/api/blogs")[0]["attachment"]
        assert (saved["size"], saved["width"], saved["height"]) == (len(a_picture(80, 60)), 80, 60)

    def test_keeps_it_when_the_visitor_goes_back_and_forth(self, page: CustomPage) -> None:
        page.submit("Back")
        page.submit("Next", title="Second light")
        page.submit("Save Blog")
        assert page.get("/api/blogs")[0]["attachment"]["filename"] == "sunrise.png"

    def test_can_be_taken_back(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Remove").click()
        page.submit("Save Blog")
        assert page.get("/api/blogs")[0]["attachment"] is None

    def test_can_be_removed_from_the_saved_blog(self, page: CustomPage) -> None:
        page.submit("Save Blog")
        page.get_by_role("link", name="Read").click()
        page.get_by_role("link", name="Edit").click()
        page.get_by_role("button", name="Remove").click()
        page.submit("Save Changes")
        assert page.get("/api/blogs")[0]["attachment"] is None

    def test_stays_when_only_the_text_is_changed(self, page: CustomPage) -> None:
        page.submit("Save Blog")
        page.get_by_role("link", name="Read").click()
        page.get_by_role("link", name="Edit").click()
        page.submit("Save Changes", content="It was brighter.")
        expect(page.get_by_role("img", name="sunrise.png")).to_be_visible()
