"""Pictures as assertions, in a folder that was copied beside an app."""

import shutil
from pathlib import Path

import pytest

from tests.forge.pictures import UPDATE, refuse_to_write_in_ci
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import APP, CONFTEST, SETTINGS, run

pytestmark = pytest.mark.programs

TESTS = """
def test_looks_as_it_did(page, expect_screenshot):
    page.login("Grace")
    expect_screenshot(page, "The greeting")

def test_looks_as_it_did_but_for_the_name(page, expect_screenshot):
    page.login("Grace")
    expect_screenshot(page, "the greeting without a name", mask=[page.locator("h1")])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pictures were written."""
    folder = tmp_path_factory.mktemp("pictured")
    files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": TESTS, "pyproject.toml": SETTINGS}
    beside(folder, files)
    run(folder, UPDATE)
    return folder


class TestAPageThatLooksAsItDid:
    def test_passes(self, project: Path) -> None:
        assert "2 passed" in run(project).stdout


class TestAPageThatLooksOtherwise:
    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
        """What its run has left behind, and what it said."""
        folder = tmp_path_factory.mktemp("changed") / "project"
        shutil.copytree(project, folder)
        (folder / "small.py").write_text(APP.replace("Hello", "Hullo"))
        return folder / "test-results", run(folder, "--trying-again").stdout

    def test_fails_but_where_it_is_masked(self, changed: tuple[Path, str]) -> None:
        assert "1 failed, 1 passed" in changed[1]

    def test_is_told_by_how_much(self, changed: tuple[Path, str]) -> None:
        assert "The greeting looks otherwise than in the-greeting.png: " in changed[1]

    def test_is_shown_beside_its_picture(self, changed: tuple[Path, str]) -> None:
        shown = {file.name for file in changed[0].glob("*/the-greeting-*.png")}
        assert shown == {f"the-greeting-{kind}.png" for kind in ("expected", "actual", "diff")}


class TestAPageWithoutAPicture:
    def test_is_skipped_and_says_how_to_write_one(self, project: Path) -> None:
        told = run(project, "-rs", "-o", "pictures=elsewhere").stdout
        assert "2 skipped" in told
        assert "--update-screenshots writes one" in told


class TestInCI:
    def test_no_picture_is_written(self, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        monkeypatch.setattr(pytestconfig.option, "update_screenshots", True)
        with pytest.raises(pytest.UsageError, match="CI compares"):
            refuse_to_write_in_ci(pytestconfig)
