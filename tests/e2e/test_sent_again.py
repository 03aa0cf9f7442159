"""A form that is sent a second time, by a person or by their browser, saves one blog."""

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.custom_page import CustomPage
from tests.e2e.kept_text import TYPED, press


def titles(page: CustomPage) -> list[str]:
    return [blog["title"] for blog in page.get("/api/blogs")]


SAVE_AT_ONCE = """async (times) => {
  const form = document.querySelector("form.desk");
  const body = new URLSearchParams(new FormData(form, form.querySelector("[value=save]")));
  const answers = await Promise.all([...Array(times)].map(() => fetch(form.action, { method: "POST", body })));
  return answers.map(({ ok }) => ok);
}"""
# As many as a browser sends to one site at once.
AT_ONCE = 6


class TestAtTheReview:
    @pytest.fixture(autouse=True)
    def at_the_review(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        page.submit("Next", title="First light", content=TYPED)

    def test_saves_one_blog_by_a_double_click(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Save Blog").dblclick()
        expect(page.get_by_role("heading", name="My blogs")).to_be_visible()
        assert titles(page) == ["First light"]

    def test_saves_one_blog_by_posts_that_come_at_once(self, page: CustomPage) -> None:
        assert page.evaluate(SAVE_AT_ONCE, AT_ONCE) == [True] * AT_ONCE
        assert titles(page) == ["First light"]

    class TestAndSaved:
        @pytest.fixture(autouse=True)
        def saved(self, at_the_review: None, page: CustomPage) -> None:
            press(page, "Save Blog")
            expect(page.get_by_role("heading", name="My blogs")).to_be_visible()

        def test_goes_back_and_saves_the_same_blog_again(self, page: CustomPage) -> None:
            page.go_back()
            press(page, "Save Blog")
            expect(page.locator(".card-title")).to_have_text(["First light"])

        def test_is_told_so_when_saving_other_words(self, page: CustomPage) -> None:
            page.go_back()
            press(page, "Back")
            page.submit("Next", title="First light", content="It was dark.")
            press(page, "Save Blog")
            expect(page.get_by_role("alert")).to_contain_text("This form was saved before")

    class TestAndTheAnswerIsLost:
        @pytest.fixture(autouse=True)
        def lost(self, at_the_review: None, page: CustomPage) -> None:
            def lose(route: Route) -> None:
                route.fetch(max_redirects=0)
                # The page stays.
                route.fulfill(status=204)

            page.route("**/blogs/new", lose, times=1)
            with page.expect_response("**/blogs/new"):
                page.get_by_role("button", name="Save Blog").click(no_wait_after=True)

        def test_saves_it_once_by_pressing_the_button_again(self, page: CustomPage) -> None:
            page.get_by_role("button", name="Save Blog").click(no_wait_after=True)
            expect(page.locator(".card-title")).to_have_text(["First light"])

        def test_saves_it_once_by_its_text_that_came_back(self, page: CustomPage) -> None:
            page.goto("/blogs/new")
            expect(page.get_by_label("Content")).to_have_value(TYPED)
            press(page, "Next")
            press(page, "Save Blog")
            expect(page.locator(".card-title")).to_have_text(["First light"])
