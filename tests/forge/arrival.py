"""Whether a login arrived, read from the first answer: four ways to fail, each with a sentence of its own."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from flask import Flask
from playwright.sync_api import Page, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from .project import Project
from .server import last_exception

REFUSED = (401, 403)
LOGIN = re.compile("(log|sign)-?in", re.IGNORECASE)
PROOF_MILLISECONDS = 500


@dataclass(frozen=True)
class Problem:
    """What went wrong, and what the server can add to it."""

    sentence: str
    advice: str = ""
    request_id: str = ""
    exception: str = ""

    def with_log(self, log: str) -> str:
        """The sentence for people, with the exception that the server logged meanwhile."""
        told = replace(self, exception=last_exception(log))
        rows = {"Request id": told.request_id, "Exception": told.exception}
        lines = [told.sentence, told.advice, *(f"{name}: {value}" for name, value in rows.items() if value)]
        return "\n".join(filter(None, lines))


def problem_of(
    page: Page, response: Response | None, path: str, site_url: str, project: Project, explain: Callable[[], str]
) -> Problem | None:
    """What is wrong with the page that a login led to; None when it is the page of somebody logged in."""
    if response is None:
        return Problem(f"GET {path} led to no answer of the site.")
    request_id = response.headers.get("x-request-id", "")
    asked, found = urlsplit(urljoin(site_url, path)), urlsplit(page.url)
    same = (asked.netloc, asked.path) == (found.netloc, found.path)
    there = found.path if found.netloc == asked.netloc else page.url
    said = f"GET {path} answered {response.status}"
    if response.status >= 500:
        return Problem(f"The site failed: {said}.", request_id=request_id)
    if response.status in REFUSED:
        return Problem(f"The site refused the session: {said}.", explain(), request_id)
    if not same and _asks_for_a_login(found.path, project, page):
        return Problem(f"The site refused the session: GET {path} led to {there}.", explain(), request_id)
    if not same:
        advice = f"If that is where a login leads by now, say so: login(path={there!r}), or the project's home."
        return Problem(f"The page is elsewhere: GET {path} led to {there}.", advice, request_id)
    if response.status == 404:
        return Problem(f"The page is missing: {said}.", "Is it the path that has moved?", request_id)
    if response.status >= 400:
        return Problem(f"The site refused the page: {said}.", request_id=request_id)
    if not _is_proved(page, project.proof):
        return Problem(
            f"The site refused the session: {said}, with the page of somebody who is not logged in.",
            explain(),
            request_id,
        )
    return None


def _asks_for_a_login(path: str, project: Project, page: Page) -> bool:
    return path == _login_path(project.app) or LOGIN.search(path) is not None or not _is_proved(page, project.proof)


def _login_path(app: Flask) -> str | None:
    """Where Flask-Login sends strangers, if the app uses it."""
    view = getattr(getattr(app, "login_manager", None), "login_view", None)
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == view]
    return rules[0] if rules else view


def _is_proved(page: Page, proof: str) -> bool:
    # A locator would first load Playwright's own script into the page: 50 ms, in which most logins are done.
    if not proof or page.evaluate("selector => document.querySelector(selector) !== null", proof):
        return True
    # It is there at once, but on a page that its scripts put together.
    with suppress(PlaywrightTimeout):
        page.locator(proof).first.wait_for(state="attached", timeout=PROOF_MILLISECONDS)
        return True
    return False
