"""Playwright's own report of a run, opened in a browser as somebody who looks for what failed."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.forge.fixtures import ACTION_MILLISECONDS
from tests.forge.report.__main__ import Quiet
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import APP, CONFTEST, SETTINGS, run

pytestmark = pytest.mark.programs

TESTS = """
class TestSomebody:
    def test_is_greeted(self, page):
        page.login("Grace")
        print("Grace is here")
        assert page.get_contents_of("h1") == "Hello Ada"

def test_is_calm():
    pass
"""
RECORDING = "--tracing=retain-on-failure", "--screenshot=only-on-failure"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run left behind in which one test failed, in a browser."""
    folder = tmp_path_factory.mktemp("reported")
    files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": TESTS, "pyproject.toml": SETTINGS}
    beside(folder, files)
    run(folder, *RECORDING)
    return folder / "test-results"


@pytest.fixture(scope="module")
def address(results: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=results / "report")) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        serving.join()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """Somebody who reads a report; whatever its own scripts complain of fails the test."""
    page = browser.new_page()
    page.set_default_timeout(ACTION_MILLISECONDS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


class TestAReport:
    def test_opens_from_a_disk(self, reader: Page, results: Path) -> None:
        reader.goto((results / "report/index.html").as_uri())
        expect(reader.get_by_role("link", name="Failed")).to_contain_text("1")

    def test_has_the_unit_tests_too(self, reader: Page, address: str) -> None:
        reader.goto(address)
        expect(reader.get_by_role("link", name="test_is_calm")).to_be_visible()

    def test_has_a_timeline(self, reader: Page, address: str) -> None:
        reader.goto(f"{address}#?speedboard")
        expect(reader.get_by_role("listitem", name="worker 0 started at")).to_be_visible()


class TestAFailedTestOfTheReport:
    @pytest.fixture(autouse=True)
    def opened(self, reader: Page, address: str) -> None:
        reader.goto(address)
        reader.get_by_role("link", name="test_is_greeted").click()

    def test_shows_the_line_that_failed(self, reader: Page) -> None:
        expect(reader.get_by_text('> 6 | assert page.get_contents_of("h1") == "Hello Ada"').first).to_be_visible()

    def test_shows_both_tries(self, reader: Page) -> None:
        expect(reader.get_by_role("tab")).to_contain_text(["Run", "Retry #1"])

    def test_shows_its_steps(self, reader: Page) -> None:
        expect(reader.get_by_role("treeitem", name="Page.goto /")).to_be_visible()

    def test_shows_a_screenshot(self, reader: Page) -> None:
        expect(reader.get_by_role("link", name="test-failed-1.png")).to_be_visible()

    def test_shows_what_was_printed(self, reader: Page) -> None:
        reader.get_by_text("stdout").click()
        expect(reader.get_by_text("Grace is here", exact=True)).to_be_visible()

    def test_leads_to_its_trace(self, reader: Page) -> None:
        reader.get_by_role("link", name="View Trace").click()
        expect(reader.get_by_role("treeitem", name="Navigate")).to_be_visible()
