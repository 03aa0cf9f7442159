"""The hooks that gather evidence: what is noted while a test runs, and its folder once it is over.

A test that passes costs the note of its name and time. `scrubber_of(item)` takes the secrets out of a test's texts;
every report has passed it before others see it.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import TerminalRepr
from flask import Flask
from playwright.sync_api import Error as PlaywrightError

from .evidence.archive import relative_to
from .evidence.folder import Evidence, folder_of
from .evidence.record import Request, now, requests_since
from .evidence.repeat import put_in_order, repeat_script
from .evidence.scrub import Scrubber
from .evidence.texts import LAST_ANSWERS, Failure, PageSeen
from .fixtures import VISITS, Visit
from .limits import without_limit
from .project import Project
from .server import LiveServer
from .session import SessionForge

ARIA_MILLISECONDS = 1000
PHASES = {"setup": "its fixtures", "call": "the test itself", "teardown": "its teardown"}

BEGAN = pytest.StashKey[float]()
FAILURES = pytest.StashKey[list[Failure]]()
ORDER = pytest.StashKey[list[str]]()
SCRUBBER = pytest.StashKey[Scrubber]()


def add_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--evidence",
        choices=["failed", "all"],
        default="failed",
        help="keep a folder of each test that failed, or of all with a page",
    )
    group.addoption("--note-secrets", metavar="FILE", type=Path, help="note each secret that the run meets")
    group.addoption("--in-order", action="store_true", help="run the tests in the order in which they are named")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ORDER] = []
    if config.getoption("--evidence") == "all":
        config.option.tracing = "on"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--in-order"):
        put_in_order(items, config.args)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[BEGAN] = now()
    item.stash[FAILURES] = []
    item.stash[SCRUBBER] = Scrubber()
    item.config.stash[ORDER].append(item.nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Note what is to be seen when a test fails, while its pages are open; make its folder when all is written."""
    report = yield
    if report.failed and report.when != "teardown":
        _learn_the_cookies(item)
    if report.longrepr or report.sections:
        _scrub(report, scrubber_of(item))
    if report.failed:
        item.stash[FAILURES].append(_failure(item, call, report))
    if report.when == "teardown" and (item.stash[FAILURES] or _keeps_all(item) or folder_of(item).is_dir()):
        try:
            # A trace may be long, and what the test itself has left of its time short.
            with without_limit(item.config):
                _name_the_trace(report, item.config, _evidence(item).leave())
        except Exception as error:  # noqa: BLE001  whatever becomes of its evidence, a verdict stands
            shutil.rmtree(folder_of(item), ignore_errors=True)
            report.sections.append(("Evidence", f"Thrown away, because it may hold secrets: {type(error).__name__}"))
    return report


def scrubber_of(item: pytest.Item) -> Scrubber:
    """What takes the secrets out of this test's texts: those of its project, and those that it meets."""
    scrubber = item.stash[SCRUBBER]
    for each in getattr(item, "funcargs", {}).values():
        for secret in _secrets(each):
            scrubber.keep("secret", secret)
        if isinstance(each, SessionForge):
            for cookie in each.minted:
                scrubber.keep_cookie(cookie)
    return scrubber


def _secrets(fixture: object) -> Iterator[str]:
    if isinstance(fixture, Project):
        yield from fixture.secrets
    app = fixture if isinstance(fixture, Flask) else getattr(fixture, "app", None)
    if isinstance(app, Flask):
        keys = [app.secret_key, *(app.config.get("SECRET_KEY_FALLBACKS") or ())]
        yield from (os.fsdecode(key) for key in keys if key)


def _learn_the_cookies(item: pytest.Item) -> None:
    for visit in item.stash.get(VISITS, []):
        for address in visit.checks.addresses:
            item.stash[SCRUBBER].learn(address)
        with suppress(PlaywrightError):
            for cookie in visit.page.context.cookies():
                item.stash[SCRUBBER].keep_cookie(cookie.get("value", ""))


def _scrub(report: pytest.TestReport, scrubber: Scrubber) -> None:
    texts = [report.longreprtext, *(text for _, text in report.sections)]
    for text in texts:
        scrubber.learn(text)
    report.sections = [(title, scrubber.replace(text)) for title, text in report.sections]
    report.longrepr = _scrubbed(report.longrepr, scrubber)


def _scrubbed(part: Any, scrubber: Scrubber) -> Any:
    """The same part of a failure's representation without its secrets."""
    if isinstance(part, str):
        return scrubber.replace(part)
    if isinstance(part, list | tuple):
        return type(part)(_scrubbed(each, scrubber) for each in part)
    if isinstance(part, TerminalRepr):
        for name, each in vars(part).items():
            setattr(part, name, _scrubbed(each, scrubber))
    return part


def _failure(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Failure:
    visits = item.stash.get(VISITS, []) if report.when != "teardown" else []
    answers = [answer for visit in visits for answer in visit.checks.last_answers()]
    return Failure(
        phase=PHASES[report.when],
        error=report.longreprtext,
        message=getattr(getattr(report.longrepr, "reprcrash", None), "message", report.longreprtext),
        frames=_frames(item, call),
        pages=[seen for visit in visits for seen in _seen(visit)],
        fetched=[str(answer) for visit in visits for answer in visit.answers()],
        problems=[problem for visit in visits for problem in visit.checks.settle()],
        answers=answers[-LAST_ANSWERS:],
    )


def _frames(item: pytest.Item, call: pytest.CallInfo[None]) -> list[dict[str, Any]]:
    """Where it failed, the innermost line first, as a trace has it."""
    if call.excinfo is None:
        return []
    relative = relative_to(item.config.rootpath)
    return [
        {"file": relative(str(each.path)), "line": each.lineno + 1, "column": 1, "function": each.name}
        for each in reversed(call.excinfo.traceback)
    ]


def _seen(visit: Visit) -> Iterator[PageSeen]:
    """The pages of a visit that are still open."""
    with suppress(PlaywrightError):
        for page in visit.page.context.pages:
            try:
                aria = page.locator("body").aria_snapshot(timeout=ARIA_MILLISECONDS)
            except PlaywrightError as error:
                aria = f"It could not be read: {error.message.splitlines()[0]}"
            yield PageSeen(page.url, aria)


def _keeps_all(item: pytest.Item) -> bool:
    return item.config.getoption("--evidence") == "all" and VISITS in item.stash


def _evidence(item: pytest.Item) -> Evidence:
    visits, failures, folder = item.stash.get(VISITS, []), item.stash[FAILURES], folder_of(item)
    tests = item.config.stash[ORDER]
    return Evidence(
        folder=folder,
        root=item.config.rootpath,
        name=item.nodeid,
        failures=failures,
        requests=_requests(item, visits),
        log=visits[0].server.log_since(visits[0].logged) if visits else "",
        repeat=repeat_script(item.config, folder, tests),
        scrubber=scrubber_of(item),
    )


def _requests(item: pytest.Item, visits: list[Visit]) -> list[Request]:
    funcargs: dict[str, Any] = getattr(item, "funcargs", {})
    site = visits[0].server if visits else funcargs.get("site")
    if not isinstance(site, LiveServer) or site.record is None:
        return []
    found, relative = list(requests_since(site.record, item.stash[BEGAN])), relative_to(item.config.rootpath)
    for request in found:
        request.traceback = relative(request.traceback)
    return found


def _name_the_trace(report: pytest.TestReport, config: pytest.Config, trace: Path | None) -> None:
    """Tell other plugins of the one trace, in the place of those that pytest-playwright told them of."""
    kept = [pair for pair in report.user_properties if pair[0] != "playwright_trace"]
    base = config.invocation_params.dir
    named = str(trace.relative_to(base) if trace.is_relative_to(base) else trace) if trace else ""
    report.user_properties = [*kept, *([("playwright_trace", named)] if trace else [])]
