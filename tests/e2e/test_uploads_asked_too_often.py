"""An upload to a blog that answers 429 waits as long as it is told, and then goes on."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.custom_page import SIGNED, CustomPage


@pytest.fixture(autouse=True)
def at_the_review(page: CustomPage) -> None:
    page.login(path="/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")


def after(seconds: int) -> Callable[[Route], None]:
    def refuse(route: Route) -> None:
        headers = {"Retry-After": str(seconds)}
        route.fulfill(status=429, headers=headers, json={"error": f"That was too often. Wait {seconds} seconds."})

    return refuse


@pytest.mark.parametrize("asked", ["**/api/attachments", SIGNED, "**/finish"], ids=["declare", "send", "finish"])
class TestABlogThatWasAskedTooOften:
    @pytest.fixture(autouse=True)
    def refused(
        self, at_the_review: None, page: CustomPage, expected_errors: list[str], asked: str | re.Pattern[str]
    ) -> None:
        expected_errors.append("429")
        page.clock.install()
        page.route(asked, after(30), times=1)
        page.choose()
        expect(page.upload_status).to_have_text(
            "Uploading... The blog was asked too often: this goes on in 30 seconds."
        )

    def test_is_asked_again_when_it_says(self, page: CustomPage) -> None:
        page.clock.run_for(30_000)
        expect(page.upload_status).to_have_text("Upload successful!")

    def test_is_not_asked_before(self, page: CustomPage) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.run_for(29_000)
        assert asked == []

    def test_is_asked_nothing_more_by_who_cancels(self, page: CustomPage) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_role("button", name="Cancel").click()
        page.clock.run_for(60_000)
        assert (page.upload_status.text_content(), asked) == ("Upload cancelled.", [])


class TestABlogThatIsAlwaysAskedTooOften:
    @pytest.fixture(autouse=True)
    def refused(self, at_the_review: None, page: CustomPage, expected_errors: list[str]) -> None:
        expected_errors.append("429")
        page.clock.install()

    def test_is_asked_a_few_times(self, page: CustomPage) -> None:
        page.route("**/api/attachments", after(1))
        page.choose()
        for seconds in (1, 2, 4, 8):
            expect(page.upload_status).to_contain_text(f"goes on in {seconds} second")
            page.clock.run_for(1000 * seconds)
        expect(page.upload_status).to_contain_text("That was too often")

    def test_is_not_waited_for_longer_than_a_minute(self, page: CustomPage) -> None:
        page.route("**/api/attachments", after(61))
        page.choose()
        expect(page.upload_status).to_contain_text("That was too often")
