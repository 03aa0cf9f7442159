"""Adding an image: choosing it, watching it go straight to the store, and seeing it on the page."""

import base64

import pytest
from playwright.sync_api import Dialog, Route, expect

from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveBlog
from tests.factories.blog import BlogFactory
from tests.factories.picture import PICTURE, a_picture
from tests.factories.user import UserFactory

pytestmark = pytest.mark.parametrize("site", ["disk", "s3"], indirect=True, scope="session")


@pytest.fixture
def at_the_review(page: CustomPage) -> None:
    page.login(path="/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")


@pytest.fixture
def at_the_edit_form(page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
    user = user_factory()
    page.login(user, f"/blogs/{blog_factory(user).id}/edit")


class TestChoosingAPicture:
    @pytest.fixture(autouse=True)
    def uploaded(self, at_the_review: None, page: CustomPage) -> None:
        page.upload()

    @pytest.mark.looks
    def test_shows_what_was_chosen(self, page: CustomPage) -> None:
        expect(page.get_by_text("sunrise.png")).to_be_visible()

    @pytest.mark.looks
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
        assert (saved["size"], saved["width"], saved["height"]) == (len(PICTURE), 80, 60)

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


class TestAPreviewThatIsSlowToCome:
    @pytest.fixture(autouse=True)
    def edited(self, at_the_edit_form: None, page: CustomPage) -> list[Route]:
        page.upload()
        page.submit("Save Changes")
        held: list[Route] = []
        page.route("**/attachments/*", lambda route: held.append(route))
        with page.expect_request("**/attachments/*"):
            page.get_by_role("link", name="Edit").click()
        return held

    def test_moves_nothing_when_it_comes(self, page: CustomPage, edited: list[Route]) -> None:
        remove = page.get_by_role("button", name="Remove")
        before = remove.bounding_box()
        for each in edited:
            each.continue_()
        expect(page.locator(".preview")).to_have_js_property("naturalWidth", 80)
        assert remove.bounding_box() == before


class TestChoosingAJpeg:
    @pytest.fixture(autouse=True)
    def uploaded(self, at_the_review: None, page: CustomPage) -> None:
        page.choose("sunrise.jpg", "image/jpeg", a_picture(kind="JPEG"))
        expect(page.upload_status).to_have_text("Upload successful!")

    def test_keeps_its_type(self, page: CustomPage) -> None:
        page.submit("Save Blog")
        assert page.get("/api/blogs")[0]["attachment"]["content_type"] == "image/jpeg"


class TestChoosingAFileThatIsNoPicture:
    @pytest.fixture(autouse=True)
    def saved(self, at_the_review: None, page: CustomPage) -> None:
        page.choose("notes.txt", "text/plain", b"Remember.")
        expect(page.upload_status).to_have_text("Upload successful!")
        page.submit("Save Blog")
        page.get_by_role("link", name="Read").click()

    def test_offers_it_as_a_download(self, page: CustomPage) -> None:
        with page.expect_download() as download:
            page.get_by_role("link", name="Download notes.txt").click()
        assert download.value.path().read_bytes() == b"Remember."


class TestBringingAPictureBy:
    @pytest.fixture(autouse=True, params=["drop", "paste"])
    def brought(self, request: pytest.FixtureRequest, at_the_review: None, page: CustomPage) -> None:
        page.drop_or_paste(request.param, "sunrise.png", "image/png", base64.b64encode(PICTURE).decode())

    def test_uploads_it(self, page: CustomPage) -> None:
        expect(page.upload_status).to_have_text("Upload successful!")


class TestWithTheKeyboardAlone:
    @pytest.fixture(autouse=True)
    def uploaded(self, at_the_review: None, page: CustomPage) -> None:
        page.locator("main").focus()
        page.keyboard.press("Tab")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files({"name": "sunrise.png", "mimeType": "image/png", "buffer": PICTURE})
        expect(page.upload_status).to_have_text("Upload successful!")

    @pytest.mark.looks
    def test_is_where_the_picture_can_be_removed(self, page: CustomPage) -> None:
        expect(page.get_by_role("button", name="Remove")).to_be_focused()

    def test_comes_back_to_the_choice_by_removing_it(self, page: CustomPage) -> None:
        page.keyboard.press("Enter")
        expect(page.file_input).to_be_focused()


class TestWhileUploading:
    @pytest.fixture(autouse=True)
    def held(self, at_the_review: None, page: CustomPage) -> list[Route]:
        return page.upload_without_end()

    @pytest.mark.looks
    def test_sees_how_far_it_is(self, page: CustomPage) -> None:
        expect(page.get_by_role("progressbar", name="Upload progress")).to_be_visible()

    @pytest.mark.looks
    def test_reads_the_percentage(self, page: CustomPage) -> None:
        expect(page.get_by_text("%")).to_be_visible()

    def test_is_asked_before_leaving(self, page: CustomPage) -> None:
        asked: list[str] = []

        def leave(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", leave)
        # A browser asks for nobody who has not touched the page.
        page.get_by_text("It was bright.").click()
        page.reload()
        assert asked == ["beforeunload"]

    class TestAndCancelling:
        @pytest.fixture(autouse=True)
        def cancelled(self, held: list[Route], page: CustomPage) -> None:
            page.get_by_role("button", name="Cancel").click()

        @pytest.mark.looks
        def test_reads_that_it_is_over(self, page: CustomPage) -> None:
            expect(page.upload_status).to_have_text("Upload cancelled.")

        @pytest.mark.looks
        def test_is_at_the_choice_again(self, page: CustomPage) -> None:
            expect(page.file_input).to_be_focused()

        def test_saves_the_text_alone(self, page: CustomPage) -> None:
            page.submit("Save Blog")
            assert page.get("/api/blogs")[0]["attachment"] is None

    class TestAndSaving:
        @pytest.fixture(autouse=True)
        def asked_to_save(self, held: list[Route], page: CustomPage) -> None:
            page.get_by_role("button", name="Save Blog").click()

        @pytest.mark.looks
        def test_reads_that_saving_waits(self, page: CustomPage) -> None:
            expect(page.get_by_role("button", name="Saves after the upload")).to_be_visible()

        def test_saves_as_soon_as_the_upload_is_done(self, page: CustomPage, held: list[Route], site: LiveBlog) -> None:
            held[0].continue_()
            expect(page).to_have_url(f"{site.url}/blogs")
            assert page.get("/api/blogs")[0]["attachment"]["filename"] == "sunrise.png"

        def test_stays_with_the_text_when_the_upload_fails(
            self, page: CustomPage, held: list[Route], expected_errors: list[str]
        ) -> None:
            expected_errors.append("net::ERR_FAILED")
            held[0].abort()
            expect(page.get_by_role("button", name="Save Blog")).to_be_visible()


@pytest.mark.usefixtures("at_the_edit_form")
class TestAddingAPictureToASavedBlog:
    def test_shows_it_on_the_blog(self, page: CustomPage) -> None:
        page.upload()
        page.submit("Save Changes")
        expect(page.get_by_role("img", name="sunrise.png")).to_be_visible()
