"""A person's own settings, by keyboard: the name, export and import, and the account's end."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory


@pytest.fixture
def folder(tmp_path: Path) -> list[Path]:
    texts = {"paper.md": "# On paper\n\nIt lasts.", "broken.md": ""}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in texts]


class TestAtTheAccount:
    @pytest.fixture(autouse=True)
    def at_the_account(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.user = user_factory(name="Ada")
        blog_factory(self.user, title="On ink")
        page.login(self.user, "/blogs")
        page.get_by_role("link", name="Ada").press("Enter")

    def test_is_led_there_by_the_name(self, page: CustomPage) -> None:
        expect(page.get_by_role("heading", name="Your account", exact=True)).to_be_visible()

    def test_chooses_a_name(self, page: CustomPage) -> None:
        page.get_by_label("Your name").fill("Countess")
        page.get_by_label("Your name").press("Enter")
        expect(page.get_by_role("status")).to_have_text("Your name is changed, wherever it is shown.")
        expect(page.locator(".who")).to_have_text("Countess")

    def test_is_told_what_a_name_lacks(self, page: CustomPage) -> None:
        page.get_by_label("Your name").fill("")
        page.get_by_label("Your name").press("Enter")
        expect(page.get_by_label("Your name")).to_be_focused()

    def test_takes_the_blogs_along(self, page: CustomPage) -> None:
        with page.expect_download() as download:
            page.get_by_role("link", name="Export everything").press("Enter")
        with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
            assert [name.partition("-")[2] for name in archive.namelist()] == ["on-ink.md"]

    @pytest.mark.looks
    def test_sees_which_file_is_chosen(self, page: CustomPage) -> None:
        color = page.get_by_label("A zip, or files").evaluate("element => getComputedStyle(element).color")
        assert color == page.locator("body").evaluate("element => getComputedStyle(element).color")

    def test_logs_out_everywhere(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Log out on every device").press("Enter")
        expect(page.get_by_role("status")).to_have_text("You are logged out, on every device.")

    class TestAfterAnImport:
        @pytest.fixture(autouse=True)
        def imported(self, at_the_account: None, page: CustomPage, folder: list[Path]) -> None:
            page.get_by_label("A zip, or files").set_input_files(folder)
            page.get_by_role("button", name="Import").press("Enter")

        @pytest.mark.looks
        def test_is_told_what_became_of_each(self, page: CustomPage) -> None:
            expect(page.get_by_role("status")).to_have_text("1 imported, 0 here already, 1 not taken.")
            expect(page.locator("main li").first).to_contain_text("Not taken. There is no text in it")

        def test_reads_what_was_taken(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Read what paper.md became").press("Enter")
            expect(page.get_by_role("heading", name="On paper")).to_be_visible()

    class TestAtTheQuestion:
        @pytest.fixture(autouse=True)
        def at_the_question(self, at_the_account: None, page: CustomPage) -> None:
            page.get_by_role("link", name="Delete account").press("Enter")

        def test_may_keep_it(self, page: CustomPage) -> None:
            page.get_by_role("link", name="Keep it").press("Enter")
            expect(page.get_by_role("heading", name="Your account", exact=True)).to_be_visible()

        def test_stays_without_the_word(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Delete everything").press("Enter")
            expect(page.locator(".red-text")).to_contain_text("to delete your account")

        def test_goes_with_it(self, page: CustomPage) -> None:
            page.get_by_role("textbox").fill("delete")
            page.get_by_role("textbox").press("Enter")
            expect(page.get_by_role("status")).to_have_text("Your account is deleted, with everything of yours.")
            page.goto("/blogs")
            expect(page.get_by_role("heading", name="Please log in")).to_be_visible()


class TestOnANarrowScreen:
    def test_is_led_there_by_the_tabs(self, new_page: NewPage) -> None:
        page = new_page(viewport={"width": 320, "height": 700})
        page.login(path="/blogs")
        page.get_by_role("navigation", name="Blogs").get_by_role("link", name="Account").press("Enter")
        expect(page.get_by_role("heading", name="Your account", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
