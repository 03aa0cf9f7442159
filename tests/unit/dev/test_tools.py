import sys
from pathlib import Path

import pytest

from dev import check, tools
from dev.steps import SetupError
from dev.tools import WITH_WINDOW, WITHOUT_WINDOW, Browser

KINDS = pytest.mark.parametrize("kind", [WITHOUT_WINDOW, WITH_WINDOW], ids=["without a window", "with a window"])


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORGE_BROWSER", "PWDEBUG", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def playwrights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Playwright's folder, with both kinds of browser in it, and none anywhere else."""
    for path in ("chromium_headless_shell-9/chrome-linux/headless_shell", "chromium-9/chrome-linux/chrome"):
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.touch(0o755)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    return tmp_path


class TestTheSearchForABrowser:
    @KINDS
    def test_says_what_is_going_on_before_it_tries_any(
        self, kind: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(tools, "browsers", lambda _: pytest.exit("tried one"))
        with pytest.raises(pytest.exit.Exception):
            tools.working_browser(kind)
        assert capsys.readouterr().err == "Looking for a browser that works, once …\n"

    @pytest.mark.parametrize(("kind", "name"), [(WITHOUT_WINDOW, "headless_shell"), (WITH_WINDOW, "chrome")])
    def test_finds_the_one_that_is_asked_for(self, playwrights: Path, kind: Browser, name: str) -> None:
        assert Path(next(tools.browsers(kind))).name == name

    @KINDS
    def test_ends_in_one_sentence_where_none_can_be_had(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Browser
    ) -> None:
        installed: list[Browser] = []
        monkeypatch.setattr(tools, "browsers", lambda _: iter(()))
        monkeypatch.setattr(tools, "install_playwrights_browser", installed.append)
        monkeypatch.setattr(tools, "install_debians_browser", installed.append)
        with pytest.raises(SetupError, match=r"^There is no browser.* that works: install chromium or Chrome, or .*\Z"):
            tools.working_browser(kind)
        assert installed == [kind, kind]

    def test_remembers_each_kind_by_itself(self) -> None:
        assert WITHOUT_WINDOW.stamp != WITH_WINDOW.stamp


class TestAWindow:
    @pytest.mark.parametrize("arguments", [["--headed"], ["tests/e2e", "--headed", "-x"]])
    def test_is_shown_when_it_is_asked_for(self, arguments: list[str]) -> None:
        assert (check.shows_a_window(arguments), check.in_parallel(arguments)) == (True, [])

    def test_is_shown_for_the_inspector(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PWDEBUG", "1")
        assert (check.shows_a_window([]), check.in_parallel([])) == (True, [])

    @pytest.mark.parametrize("value", ["", "0", "console"])
    def test_is_not_shown_otherwise(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("PWDEBUG", value)
        assert check.shows_a_window(["-k", "headed"]) is False

    def test_is_refused_in_one_sentence_where_there_is_no_display(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(check, "prepare", lambda _: pytest.exit("prepared something first"))
        with pytest.raises(SetupError, match=r"^There is no display .*xvfb-run bin/test --headed does.*\Z"):
            check.test(["--headed"])

    @pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
    def test_needs_one_kind_of_display(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, ":0")
        tools.require_display()
