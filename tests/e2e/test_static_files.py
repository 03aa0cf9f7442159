"""The pages' style and scripts: a browser asks for them once."""

import pytest

from tests.e2e.custom_page import CustomPage

FROM_THE_SERVER = """
    performance.getEntriesByType("resource")
        .filter(({ name, transferSize }) => name.includes("/static/") && transferSize > 0)
        .map(({ name }) => name.split("/").at(-1))
"""


class TestAtTheFirstPage:
    @pytest.fixture(autouse=True)
    def at_the_first_page(self, page: CustomPage) -> None:
        page.login(path="/blogs/shared")
        page.wait_for_load_state("networkidle")

    def test_the_style_and_the_scripts_are_sent(self, page: CustomPage) -> None:
        assert {"inkwell.css", "keep.js", "texts.js"} <= set(page.evaluate(FROM_THE_SERVER))

    class TestAndThenAtAnother:
        @pytest.fixture(autouse=True)
        def at_another(self, at_the_first_page: None, page: CustomPage) -> None:
            page.goto("/blogs")
            page.wait_for_load_state("networkidle")

        def test_nothing_is_sent_again(self, page: CustomPage) -> None:
            assert page.evaluate(FROM_THE_SERVER) == []
