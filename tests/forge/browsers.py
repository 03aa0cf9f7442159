"""Every option about the browser does what it says, or is refused before the first test, in one sentence."""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from .limits import without_limit

LAUNCH_MILLISECONDS = 20_000
INSTALL_SECONDS = 600
WINDOWS = ("darwin", "win32")


def refuse_what_cannot_be(config: pytest.Config) -> None:
    """Try the browser options that somebody gave; raise UsageError for the first that cannot be had."""
    option = config.getoption
    headed = bool(option("--headed") or os.environ.get("PWDEBUG"))
    named = [name for name in option("--browser") or [] if name != "chromium"]
    if headed:
        _refuse_without_a_window()
    if not (headed or named or any(map(option, ("--browser-channel", "--device", "--connect"))) or _video(config)):
        return
    with sync_playwright() as playwright:
        _refuse_an_unknown_device(playwright, option("--device"))
        for name in option("--browser") or ["chromium"]:
            _try(config, playwright, name, headed=headed)


def launched(launch: Callable[[], Browser], name: str, config: pytest.Config) -> Browser:
    """A browser, downloaded if it is missing and can be. Else every test that asks for it fails, in a sentence."""
    try:
        return launch()
    except PlaywrightError as error:
        problem = error
    with without_limit(config):
        if os.environ.get("FORGE_BROWSER") or not _is_missing(problem) or not _installed(name):
            pytest.fail(_refusal(name, problem), pytrace=False)
    return launch()


def _video(config: pytest.Config) -> bool:
    return config.getoption("--video") in ("on", "retain-on-failure")


def _refuse_without_a_window() -> None:
    display = sys.platform in WINDOWS or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not display:
        raise pytest.UsageError("A browser with a window needs a display, and there is none: try `xvfb-run` before it.")
    if "headless" in os.environ.get("FORGE_BROWSER", ""):
        raise pytest.UsageError("FORGE_BROWSER is a headless shell, which has no window: name a whole Chromium.")


def _refuse_an_unknown_device(playwright: Playwright, device: str | None) -> None:
    if device and device not in playwright.devices:
        close = difflib.get_close_matches(device, playwright.devices, n=1)
        raise pytest.UsageError(
            f"--device {device} is not known; {f'did you mean {close[0]}' if close else 'see Playwright'}."
        )


def _try(config: pytest.Config, playwright: Playwright, name: str, *, headed: bool) -> None:
    channel = config.getoption("--browser-channel")
    try:
        _launch_and_record(config, playwright, name, headed=headed)
    except PlaywrightError as error:
        if config.getoption("--connect"):
            raise pytest.UsageError(f"--connect: no browser answers there ({_first_line(error)}).") from None
        missing = "ffmpeg" if "ffmpeg" in error.message.lower() else channel or name
        if not _is_missing(error) or not _installed(missing):
            raise pytest.UsageError(_refusal(missing, error)) from None
        try:
            _launch_and_record(config, playwright, name, headed=headed)
        except PlaywrightError as still:
            raise pytest.UsageError(_refusal(missing, still)) from None


def _launch_and_record(config: pytest.Config, playwright: Playwright, name: str, *, headed: bool) -> None:
    with _browser(config, getattr(playwright, name), headed=headed) as browser, tempfile.TemporaryDirectory() as folder:
        recording: Any = {"record_video_dir": folder} if _video(config) else {}
        context = browser.new_context(**recording)
        context.new_page()
        context.close()


@contextmanager
def _browser(config: pytest.Config, browser_type: BrowserType, *, headed: bool) -> Iterator[Browser]:
    if address := config.getoption("--connect"):
        browser = browser_type.connect(address, timeout=LAUNCH_MILLISECONDS)
    else:
        channel = config.getoption("--browser-channel")
        chosen = os.environ.get("FORGE_BROWSER") if browser_type.name == "chromium" and not channel else None
        browser = browser_type.launch(
            executable_path=chosen, channel=channel, headless=not headed, timeout=LAUNCH_MILLISECONDS
        )
    yield browser
    browser.close()


def _is_missing(error: PlaywrightError) -> bool:
    return re.search("doesn't exist|is not found|install", error.message) is not None


def _installed(name: str) -> bool:
    sys.stderr.write(f"Downloading {name} …\n")
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "5000"}
    command = [sys.executable, "-m", "playwright", "install", name]
    try:
        done = subprocess.run(
            command, env=os.environ | patience, capture_output=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _refusal(name: str, error: PlaywrightError) -> str:
    if _is_missing(error) and (chosen := os.environ.get("FORGE_BROWSER")) and name == "chromium":
        return f"FORGE_BROWSER is {chosen}, and there is no program there that may be run."
    if _is_missing(error):
        return f"{name} is not here and cannot be downloaded; `playwright install {name}` says why."
    return f"{name} does not start ({_first_line(error)})."


def _first_line(error: PlaywrightError) -> str:
    return next(iter(error.message.splitlines()), "no reason given")
