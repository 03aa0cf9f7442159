"""The page proxy itself, and the checks that stand behind every page."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveBlog
from tests.forge.checks import StandingChecks


class TestAnOpenPage:
    @pytest.fixture(autouse=True)
    def opened(self, page: CustomPage) -> None:
        page.goto("/")

    @pytest.mark.looks
    def test_passes_as_a_page_to_expect(self, page: CustomPage) -> None:
        expect(page).to_have_title("A quiet place to write · Inkwell")

    @pytest.mark.looks
    def test_answers_with_what_the_page_has(self, page: CustomPage) -> None:
        assert page.url.endswith("/")

    @pytest.mark.looks
    def test_answers_with_what_only_the_context_has(self, page: CustomPage) -> None:
        assert page.cookies() == []  # type: ignore[attr-defined]  # a Page to the type checker

    @pytest.mark.looks
    def test_answers_with_what_only_the_browser_has(self, page: CustomPage) -> None:
        assert page.is_connected()  # type: ignore[attr-defined]  # a Page to the type checker

    @pytest.mark.looks
    def test_refuses_a_word_that_nobody_knows(self, page: CustomPage) -> None:
        with pytest.raises(AttributeError, match="clikc"):
            page.clikc("a")  # type: ignore[attr-defined]  # the point of the test

    def test_closes_its_context_and_not_the_browser(self, page: CustomPage) -> None:
        browser = page.context.browser
        page.close()
        assert browser is not None
        assert browser.is_connected()


class TestAPageWithAnImageThatSaysNothing:
    def test_is_what_axe_objects_to(self, context: BrowserContext) -> None:
        raw = context.new_page()
        raw.set_content("<html lang=en><title>A page</title><main><h1>A page</h1><img src='data:'></main>")
        [objection] = violations(raw)
        assert objection.startswith("axe: Images must have alternative text (image-alt)\n  <img src=")


class TestAPageUnderStandingChecks:
    @pytest.fixture(autouse=True)
    def watched(self, context: BrowserContext, site: LiveBlog) -> None:
        self.checks = StandingChecks(context, site.own_hosts)
        self.raw: Page = context.new_page()
        self.raw.goto("/")

    @pytest.mark.looks
    def test_passes_when_nothing_is_wrong(self) -> None:
        assert self.checks.problems == []

    def test_is_blamed_for_a_script_error(self) -> None:
        with self.raw.expect_event("pageerror"):
            self.raw.evaluate("() => { setTimeout(() => { throw new Error('spilt') }) }")
        assert "script error" in self.checks.problems[0]

    @pytest.mark.only_browser("chromium")
    def test_is_told_where_the_script_was(self) -> None:
        with self.raw.expect_event("pageerror"):
            self.raw.evaluate("() => { setTimeout(() => { throw new Error('spilt') }) }")
        assert re.search(r"spilt\n +at .+:\d+:\d+\)?$", self.checks.problems[0])

    def test_is_blamed_for_a_console_error(self) -> None:
        with self.raw.expect_console_message():
            self.raw.evaluate("console.error('blot')")
        assert self.checks.problems == ["console error: blot"]

    def test_is_blamed_for_a_server_error(self) -> None:
        self.raw.route("**/broken", lambda route: route.fulfill(status=500))
        self.raw.evaluate("fetch('/broken').then(response => response.status)")
        assert any(problem.startswith("500 from") for problem in self.checks.problems)

    def test_is_blamed_for_a_missing_script(self) -> None:
        with self.raw.expect_response("**/static/missing.js"):
            self.raw.evaluate(
                "document.head.append(Object.assign(document.createElement('img'), {src: '/static/missing.js'}))"
            )
        assert any(problem.startswith("404 from") for problem in self.checks.problems)

    def test_is_blamed_for_asking_an_outside_host(self) -> None:
        self.raw.route("http://outside.invalid/*", lambda route: route.abort())
        with self.raw.expect_event("request"):
            self.raw.evaluate("location.href = 'http://outside.invalid/pixel'")
        assert any("outside host" in problem for problem in self.checks.problems)
