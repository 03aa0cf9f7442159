"""Typing text into a blog's form, and finding it there again."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.custom_page import CustomPage

TYPED = "It was bright.\nVery."
IS_KEPT = "It is kept in this browser"
COPY_IT = "Copy it before you go on"
SAVED = re.compile(r"^Saved \d\d:\d\d$")


def told(page: Page) -> Locator:
    """The line above a form whose text came back."""
    return page.locator(".text-back").get_by_role("status")


def write(page: Page, content: str = TYPED) -> None:
    page.get_by_label("Content").fill(content)


def says(page: Page, words: str | re.Pattern[str]) -> None:
    """What stands in the form's bar."""
    expect(page.locator(".save-state")).to_have_text(words)


def is_kept_by_the_server(page: Page, content: str = TYPED) -> None:
    write(page, content)
    says(page, SAVED)


def drafts(page: CustomPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.get("/api/drafts")
    return found


def reads(page: Page, content: str = TYPED) -> None:
    expect(page.get_by_label("Content")).to_have_value(content)


def write_before_the_script(page: CustomPage, content: str = TYPED) -> None:
    """Come to the page again, and type before its script runs, as somebody quick does, or a browser that goes back."""
    held: list[Route] = []
    page.route("**/keep.js", lambda route: held.append(route))
    with page.expect_request("**/keep.js"):
        page.reload(wait_until="commit")
    write(page, content)
    with page.expect_event("domcontentloaded"):
        held[0].continue_()
    page.unroute_all()


def log_out_behind(page: Page) -> None:
    """The session ends, as it does by itself, and the page knows nothing of it."""
    page.context.clear_cookies()


def finds_nothing(page: Page) -> None:
    # What is not there yet may still come, until the page's scripts have run.
    page.wait_for_load_state()
    expect(told(page)).to_be_hidden()


def press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def save(page: Page) -> None:
    page.get_by_label("Blog Title").fill("First light")
    press(page, "Next")
    press(page, "Save Blog")
    expect(page.get_by_role("heading", name="My blogs")).to_be_visible()


def kept_in(page: Page) -> list[str]:
    names: list[str] = page.evaluate("Object.keys(localStorage)")
    return names
