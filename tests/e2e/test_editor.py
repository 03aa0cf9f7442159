"""The text area as an editor: lists go on, words are counted, pictures come in where the cursor is."""

import re
from base64 import b64encode

import pytest
from playwright.sync_api import FilePayload, Route, expect

from tests.e2e.custom_page import SIGNED, CustomPage
from tests.e2e.kept_text import press, reads, write
from tests.factories.picture import PICTURE

FILE: FilePayload = {"name": "sunrise.png", "mimeType": "image/png", "buffer": PICTURE}

_GIVE = """([kind, encoded, from]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(encoded), (each) => each.charCodeAt());
  data.items.add(new File([bytes], "sunrise.png", { type: "image/png" }));
  const { left, top } = document.querySelector("textarea").getBoundingClientRect();
  const place = from === undefined ? {} : { clientX: left + from, clientY: top + 10 };
  const options = { bubbles: true, cancelable: true, ...place };
  document.querySelector("textarea").dispatchEvent(
    kind === "drop"
      ? new DragEvent("drop", { dataTransfer: data, ...options })
      : new ClipboardEvent("paste", { clipboardData: data, ...options }),
  );
}"""


def choose(page: CustomPage, *files: FilePayload) -> None:
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Picture").click()
    chosen.value.set_files(files or [FILE])


def has_it(page: CustomPage) -> None:
    expect(page.get_by_label("Content")).to_have_value(re.compile(r"^Before\. !\[\]\(/attachments/\d+\)After\.$"))


class TestAtTheForm:
    @pytest.fixture(autouse=True)
    def at_the_form(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        page.get_by_label("Content").focus()

    @pytest.mark.parametrize(
        ("typed", "text"),
        [
            ("- one\ntwo", "- one\n- two"),
            ("9. one\ntwo", "9. one\n10. two"),
            ("> one\ntwo", "> one\n> two"),
            ("- one\n\ntwo", "- one\n\ntwo"),
            ("> one\n\ntwo", "> one\n\ntwo"),
            ("```\n- one\ntwo\n```", "```\n- one\ntwo\n```"),
            ("one\ntwo", "one\ntwo"),
        ],
    )
    def test_goes_on_with_a_list_by_enter(self, page: CustomPage, typed: str, text: str) -> None:
        page.keyboard.type(typed)
        reads(page, text)

    def test_reads_how_many_words_there_are(self, page: CustomPage) -> None:
        write(page, "It was very bright.")
        expect(page.locator(".word-count")).to_have_text("4 words")

    class TestAndAddingAPicture:
        @pytest.fixture(autouse=True)
        def written(self, at_the_form: None, page: CustomPage) -> None:
            write(page, "Before. After.")
            for _ in range(len("After.")):
                page.keyboard.press("ArrowLeft")

        def test_finds_it_where_the_cursor_was(self, page: CustomPage) -> None:
            choose(page)
            has_it(page)

        @pytest.mark.parametrize("how", ["drop", "paste"])
        def test_may_drop_or_paste_it(self, page: CustomPage, how: str) -> None:
            page.evaluate(_GIVE, [how, b64encode(PICTURE).decode()])
            has_it(page)

        def test_types_its_alternative_text_next(self, page: CustomPage) -> None:
            choose(page)
            has_it(page)
            page.keyboard.type("The sun")
            expect(page.get_by_label("Content")).to_have_value(re.compile(r"!\[The sun\]"))

        def test_may_add_several_at_once(self, page: CustomPage) -> None:
            choose(page, FILE, {**FILE, "name": "noon.png"})
            expect(page.get_by_label("Content")).to_have_value(
                re.compile(r"^Before\. !\[\]\(/attachments/\d+\)\n\n!\[\]\(/attachments/\d+\)After\.$")
            )

        def test_may_add_another_before_the_first_has_words(self, page: CustomPage) -> None:
            choose(page)
            has_it(page)
            choose(page, {**FILE, "name": "noon.png"})
            expect(page.get_by_label("Content")).to_have_value(
                re.compile(r"^Before\. !\[\]\(/attachments/\d+\)\n\n!\[\]\(/attachments/\d+\)After\.$")
            )

        def test_keeps_what_is_selected(self, page: CustomPage) -> None:
            page.get_by_label("Content").select_text()
            choose(page)
            expect(page.get_by_label("Content")).to_have_value(
                re.compile(r"^Before\. After\.\n\n!\[\]\(/attachments/\d+\)$")
            )

        def test_finds_what_is_dropped_where_it_was_dropped(self, page: CustomPage) -> None:
            page.evaluate(_GIVE, ["drop", b64encode(PICTURE).decode(), 2])
            expect(page.get_by_label("Content")).to_have_value(
                re.compile(r"^!\[\]\(/attachments/\d+\)Before\. After\.$")
            )

        def test_sees_it_in_the_review(self, page: CustomPage) -> None:
            choose(page)
            has_it(page)
            page.get_by_label("Blog Title").fill("First light")
            press(page, "Next")
            expect(page.locator(".prose img")).to_be_visible()

        def test_is_told_why_it_fails_and_loses_nothing(self, page: CustomPage, expected_errors: list[str]) -> None:
            expected_errors.append("net::ERR_FAILED")
            page.route(SIGNED, lambda route: route.abort())
            choose(page)
            expect(page.locator(".picture-state")).to_contain_text(
                "Picture not added: The file store cannot be reached"
            )
            reads(page, "Before. After.")

        def test_keeps_what_is_selected_where_it_fails(self, page: CustomPage, expected_errors: list[str]) -> None:
            expected_errors.append("net::ERR_FAILED")
            page.route(SIGNED, lambda route: route.abort())
            page.get_by_label("Content").select_text()
            choose(page)
            expect(page.locator(".picture-state")).to_contain_text("Picture not added")
            reads(page, "Before. After.")

        class TestThatIsOnItsWay:
            @pytest.fixture(autouse=True)
            def held(self, written: None, page: CustomPage) -> list[Route]:
                held: list[Route] = []
                page.route(SIGNED, lambda route: held.append(route))
                with page.expect_request(SIGNED):
                    choose(page)
                return held

            def test_stands_where_it_will_be(self, page: CustomPage) -> None:
                reads(page, "Before. ![Uploading sunrise.png…]()After.")

            def test_leaves_the_cursor_where_somebody_writes_on(self, page: CustomPage, held: list[Route]) -> None:
                page.keyboard.press("End")
                held[0].continue_()
                has_it(page)
                page.keyboard.type(" The end.")
                expect(page.get_by_label("Content")).to_have_value(re.compile(r"\)After\. The end\.$"))

            def test_goes_on_to_the_review_once_it_is_there(self, page: CustomPage, held: list[Route]) -> None:
                page.get_by_label("Blog Title").fill("First light")
                page.get_by_role("button", name="Next").click()
                held[0].continue_()
                expect(page.locator(".prose img")).to_be_visible()

            def test_leaves_nothing_behind_when_the_page_is_left(self, page: CustomPage) -> None:
                expect(page.locator(".save-state")).to_contain_text("Saved")
                page.on("dialog", lambda dialog: dialog.accept())
                page.goto("/blogs/drafts")
                page.get_by_role("link", name="Go on writing").click()
                reads(page, "Before. After.")

            def test_may_be_taken_out_of_the_text(self, page: CustomPage, held: list[Route]) -> None:
                write(page, "Without it.")
                held[0].continue_()
                expect(page.locator(".bar progress")).to_be_hidden()
                reads(page, "Without it.")
