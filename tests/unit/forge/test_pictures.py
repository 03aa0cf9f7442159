"""Pictures as assertions, in a folder that was copied beside an app."""

from pathlib import Path

import pytest

from tests.forge.pictures import UPDATE, refuse_to_write_in_ci
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import APP, CONFTEST, SETTINGS, run

pytestmark = pytest.mark.programs

TESTS = """
def test_looks_as_it_did(page, expect_screenshot):
    page.login("Grace")
    expect_screenshot(page, "as it was")

def test_looks_otherwise(page, expect_screenshot):
    page.login("Hello")
    expect_screenshot(page, "The greeting")

def test_looks_otherwise_where_it_is_masked(page, expect_screenshot):
    page.login("Hello")
    expect_screenshot(page, "the greeting without a name", mask=[page.locator("h1")])

def test_has_no_picture(page, expect_screenshot):
    page.login("Grace")
    expect_screenshot(page, "unknown")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has pictures, and pages of which some look otherwise since."""
    folder = tmp_path_factory.mktemp("pictured")
    files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": TESTS, "pyproject.toml": SETTINGS}
    beside(folder, files)
    run(folder, UPDATE, "-k", "looks")
    (folder / "test_small.py").write_text(TESTS.replace('"Hello"', '"Hullo"'))
    return folder


@pytest.fixture(scope="module")
def told(project: Path) -> str:
    """What a run says of them."""
    return run(project, "-rA", "--trying-again").stdout


class TestAPageThatLooksAsItDid:
    def test_passes(self, told: str) -> None:
        assert "PASSED test_small.py::test_looks_as_it_did[chromium]" in told


class TestAPageThatLooksOtherwise:
    def test_fails_but_where_it_is_masked(self, told: str) -> None:
        assert "FAILED test_small.py::test_looks_otherwise[chromium]" in told
        assert "PASSED test_small.py::test_looks_otherwise_where_it_is_masked[chromium]" in told

    def test_is_told_by_how_much(self, told: str) -> None:
        assert "The greeting looks otherwise than in the-greeting.png: " in told

    @pytest.mark.usefixtures("told")
    def test_is_shown_beside_its_picture(self, project: Path) -> None:
        shown = {file.name for file in project.glob("test-results/*/the-greeting-*.png")}
        assert shown == {f"the-greeting-{kind}.png" for kind in ("expected", "actual", "diff")}


class TestAPageWithoutAPicture:
    def test_is_skipped_and_says_how_to_write_one(self, told: str) -> None:
        assert "1 failed, 2 passed, 1 skipped" in told
        assert "--update-screenshots writes one" in told


class TestInCI:
    def test_no_picture_is_written(self, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        monkeypatch.setattr(pytestconfig.option, "update_screenshots", True)
        with pytest.raises(pytest.UsageError, match="CI compares"):
            refuse_to_write_in_ci(pytestconfig)
