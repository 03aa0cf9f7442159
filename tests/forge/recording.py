"""What is recorded of a test, as far as somebody will read it: a trace of each context, a picture of each page."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api._generated import Tracing

from .evidence.folder import folder_of

CONTEXTS = pytest.StashKey[list[BrowserContext]]()
# Of a test whose fixtures make their things for others too: see `looks`.
SHARED = pytest.StashKey[bool]()
OPTIONS = ("--tracing", "--screenshot")


@pytest.fixture
def output_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """For pytest-playwright: its traces and screenshots lie beside the rest of a test's evidence."""
    if SHARED in request.node.stash:
        # What several tests share is theirs, and kept by `looks`.
        return str(tmp_path_factory.mktemp("shared"))
    return str(folder_of(request.node))


@pytest.fixture
def _artifacts_recorder(request: pytest.FixtureRequest, _artifacts_recorder: Any) -> Any:
    """pytest-playwright's: it would write the trace and a picture of each test, to throw away those that passed."""
    as_it_does = _artifacts_recorder.on_will_close_browser_context

    def on_will_close_browser_context(context: BrowserContext) -> None:
        if _is_to_be_kept(request.node):
            as_it_does(context)
        else:
            context.tracing.stop()

    _artifacts_recorder.on_will_close_browser_context = on_will_close_browser_context
    return _artifacts_recorder


def _is_to_be_kept(node: pytest.Item) -> bool:
    if SHARED in node.stash:
        return False
    # It may be the test itself that closes its page.
    called = getattr(node, "rep_call", None)
    return called is None or called.failed or keeps_all(node.config)


@pytest.fixture(scope="session", autouse=True)
def _lean_traces(pytestconfig: pytest.Config) -> Iterator[None]:
    """Leave the film strip and the sources to the second try: most traces are thrown away."""
    start, lean = Tracing.start, {"screenshots": False, "sources": False}
    with pytest.MonkeyPatch.context() as patch:
        if pytestconfig.getoption("--tracing") == "retain-on-failure":
            patch.setattr(Tracing, "start", lambda *args, **options: start(*args, **options | lean))
        yield


def keeps_all(config: pytest.Config) -> bool:
    return "on" in map(config.getoption, OPTIONS)


def keep(item: pytest.Item, folder: Path, *, failed: bool) -> None:
    """Write what the options ask for while the pages are open, and go on recording."""
    tracing, screenshot = (_is_wanted(str(item.config.getoption(name)), failed=failed) for name in OPTIONS)
    contexts = item.stash.get(CONTEXTS, [])
    with suppress(PlaywrightError):
        for number, context in enumerate(contexts if tracing else [], 1):
            context.tracing.stop_chunk(path=folder / f"trace-{number}.zip")
            context.tracing.start_chunk()
    with suppress(PlaywrightError):
        pages = [page for context in contexts for page in context.pages]
        for number, page in enumerate(pages if screenshot else [], 1):
            page.screenshot(path=folder / f"test-{'failed' if failed else 'finished'}-{number}.png")


def _is_wanted(option: str, *, failed: bool) -> bool:
    return option == "on" or (failed and option.endswith("on-failure"))
