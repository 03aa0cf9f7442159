"""Pictures as assertions: `expect_screenshot(page, "the list")`.

Compared by the driver's own comparison, which waits until the page stands still; Playwright's Python API lacks it. What
a page looks like depends on the browser, the system and its fonts, so each of them has pictures of its own.
"""

import base64
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page
from playwright.sync_api import Error as PlaywrightError

UPDATE = "--update-screenshots"
PATIENCE_MILLISECONDS = 5000
PICTURES = ("actual", "previous", "diff")
# What toHaveScreenshot() leaves to the driver as well.
NOT_ASKED = (
    *("locator", "comparator", "maxDiffPixels", "maxDiffPixelRatio", "threshold"),
    *("clip", "type", "omitBackground", "maskColor", "style"),
)
# Two machines whose browsers draw this alike draw the rest alike.
SPECIMEN = "".join(
    f"<p style='font: {weight} 17px {family}'>Hamburgefonstiv 0123 — éß…</p>"
    for family in ("system-ui", "sans-serif", "serif", "monospace")
    for weight in (400, 700)
)


def refuse_to_write_in_ci(config: pytest.Config) -> None:
    if config.getoption(UPDATE) and os.environ.get("CI"):
        raise pytest.UsageError(f"{UPDATE} is for people, who look at what they write; CI compares.")


class Pictures:
    def __init__(self, config: pytest.Config, output: Path) -> None:
        self._folder = config.rootpath / config.getini("pictures")
        self._update = bool(config.getoption(UPDATE))
        self._output = output

    def __call__(self, page: Page, name: str, *, mask: Sequence[Locator] = (), full_page: bool = False) -> None:
        """The page looks like its picture of that name, but for what is masked.

        Without a picture for this browser and system, the test is skipped: `--update-screenshots` writes one.
        """
        __tracebackhide__ = True
        key = _key(page)
        baseline = self._folder / key / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.png"
        if self._update:
            baseline.parent.mkdir(parents=True, exist_ok=True)
            baseline.write_bytes(_compared(page, None, mask, full_page=full_page)["actual"])
        elif not baseline.exists():
            pytest.skip(f"There is no picture of {name} for {key}; {UPDATE} writes one.")
        else:
            found = _compared(page, baseline.read_bytes(), mask, full_page=full_page)
            if problem := found.get("customErrorMessage"):
                self._show(baseline, found)
                pytest.fail(f"{name} looks otherwise than in {baseline.name}: {problem}", pytrace=False)

    def _show(self, baseline: Path, found: dict[str, Any]) -> None:
        """Leave the pictures beside each other, under the names that the report makes a slider of."""
        self._output.mkdir(parents=True, exist_ok=True)
        kinds = {"expected": baseline.read_bytes(), "actual": found.get("actual"), "diff": found.get("diff")}
        for kind, body in kinds.items():
            if body:
                (self._output / f"{baseline.stem}-{kind}.png").write_bytes(body)


def _key(page: Page) -> str:
    browser = page.context.browser
    assert browser is not None
    # Its updates within a version keep what is drawn; where one does not, the fonts or a picture tell.
    version = browser.version.partition(".")[0]
    return f"{browser.browser_type.name}-{version}-{sys.platform}-{_fonts(browser)}"


@cache
def _fonts(browser: Browser) -> str:
    with browser.new_page() as page:
        page.set_content(SPECIMEN)
        return hashlib.sha256(page.screenshot()).hexdigest()[:8]


def _compared(page: Page, expected: bytes | None, mask: Sequence[Locator], *, full_page: bool) -> dict[str, Any]:
    # The sync API's way into the channel; `expectScreenshot` is what toHaveScreenshot() of @playwright/test calls.
    inner: Any = page
    try:
        result = inner._sync(
            inner._impl_obj._channel.expectScreenshot(
                **dict.fromkeys(NOT_ASKED),
                expected=base64.b64encode(expected).decode() if expected else None,
                isNot=False,
                fullPage=full_page,
                caret="hide",
                animations="disabled",
                scale="css",
                mask=[_part(locator) for locator in mask],
                timeout=PATIENCE_MILLISECONDS,
            )
        )
    except PlaywrightError as error:
        # The pictures of a page that looks otherwise come with the error.
        if not (result := getattr(error, "_details", None)):
            raise
    return {name: base64.b64decode(value) if value and name in PICTURES else value for name, value in result.items()}


def _part(locator: Any) -> dict[str, Any]:
    return {"frame": locator._impl_obj._frame._channel, "selector": locator._impl_obj._selector}
