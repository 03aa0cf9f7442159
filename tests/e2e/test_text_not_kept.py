"""Text that the browser cannot keep, or the blog not take: nobody is promised what is not so."""

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import COPY_IT, IS_KEPT, TYPED, log_out_behind, reads, save, write

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
        page.fail_to_upload()
        expect(page.get_by_text("You can also save without it.")).to_be_visible()

    def test_promises_nothing_after_an_upload_logged_out(self, page: CustomPage) -> None:
        page.submit("Next", title="First light")
        log_out_behind(page)
        page.choose()
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
