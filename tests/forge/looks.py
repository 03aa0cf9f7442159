"""Tests that only look: those of a class share one visit, with all that its fixtures made, until one of them fails.

`@pytest.mark.looks` says it of a test, or of a class and each test in it. They come before the others of their class,
in any order; the first of the others that finds the same state then uses it up. Where a looking test acts, it fails.
"""

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import (
    APIRequestContext,
    BrowserContext,
    ElementHandle,
    Frame,
    Keyboard,
    Locator,
    Mouse,
    Page,
    Touchscreen,
)

from .evidence.folder import folder_of
from .fixtures import VISITS
from .gathering import BEGAN, FAILURES
from .page import Action, ForgePage
from .recording import CONTEXTS, SHARED, keep, keeps_all

MARK = "looks"
OWNERS = (Page, Frame, Locator, ElementHandle, Keyboard, Mouse, Touchscreen, BrowserContext, APIRequestContext)
ACTS = (
    *("goto", "reload", "go_back", "go_forward", "set_content", "new_page", "close"),
    *("click", "dblclick", "tap", "check", "uncheck", "set_checked", "select_option", "set_input_files", "hover"),
    *("fill", "clear", "type", "press", "press_sequentially", "insert_text", "select_text", "focus", "blur"),
    *("down", "up", "move", "wheel", "drag_to", "drag_and_drop", "dispatch_event", "scroll_into_view_if_needed"),
    *("add_cookies", "clear_cookies", "set_offline", "set_viewport_size", "emulate_media"),
    *("post", "put", "patch", "delete"),
)
LENT: tuple[pytest.StashKey[Any], ...] = (BEGAN, VISITS, CONTEXTS)
CURRENT = pytest.StashKey["SharedVisit"]()
KEPT = pytest.StashKey[Path]()


class SharedVisit:
    """What the fixtures of one test made, for those that come after it."""

    def __init__(self, first: pytest.Item) -> None:
        self._first = first
        self._ending = ExitStack()
        self._attributes: dict[str, Any] = {}
        self._stash: dict[Any, Any] = {}
        self._is_over = False

    def takes(self, item: pytest.Item) -> bool:
        return not self._is_over and _finds_the_same(item, self._first)

    def lend(self, item: pytest.Item) -> None:
        """What fixtures make for this test is kept until the end of the visit, and what they have made is there."""
        item.addfinalizer = self._ending.callback  # type: ignore[method-assign,assignment]
        item.stash[SHARED] = True
        vars(_instance(item)).update(self._attributes)
        for key, value in self._stash.items():
            item.stash[key] = value

    def take_back(self, item: pytest.Item) -> None:
        self._attributes = dict(vars(_instance(item)))
        self._stash = {key: item.stash[key] for key in LENT if key in item.stash} | self._stash
        item.stash[BEGAN] = self._stash[BEGAN]

    def end(self) -> None:
        self._is_over = True
        self._ending.close()


def looks(item: pytest.Item) -> bool:
    of_its_class = item.parent.own_markers if isinstance(item.parent, pytest.Class) else []
    return any(mark.name == MARK for mark in (*item.own_markers, *of_its_class))


def _instance(item: pytest.Item) -> Any:
    return getattr(item, "instance", None)


def _finds_the_same(item: pytest.Item, other: pytest.Item) -> bool:
    """Whether the fixtures make the same for both: of one class, with the same parameters."""
    return item.parent is other.parent and _params(item) == _params(other)


def _params(item: pytest.Item) -> dict[str, object]:
    return dict(getattr(getattr(item, "callspec", None), "params", {}))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: only looks at what its fixtures made, and shares it with its class")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those together that share a visit, and before those that use it up."""
    items[:] = [item for _, group in groupby(items, lambda item: item.parent) for item in _together([*group])]


def _together(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    if not any(map(looks, items)):
        yield from items
        return
    while items:
        alike = [item for item in items if _finds_the_same(item, items[0])]
        yield from sorted(alike, key=lambda item: not looks(item))
        items = [item for item in items if item not in alike]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    stash = item.config.stash
    visit = stash.get(CURRENT, None)
    if not (visit and visit.takes(item)):
        if not looks(item) or _instance(item) is None:
            return (yield)
        visit = stash[CURRENT] = SharedVisit(item)
    visit.lend(item)
    try:
        return (yield)
    finally:
        visit.take_back(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    with _looking() if looks(item) and SHARED in item.stash else nullcontext():
        return (yield)


@contextmanager
def _looking() -> Iterator[None]:
    """Whoever acts meanwhile is told that it is no place for it."""
    with pytest.MonkeyPatch.context() as patch:
        for owner in OWNERS:
            for name in ACTS:
                if hasattr(owner, name):
                    patch.setattr(owner, name, _refuser(f"{owner.__name__}.{name}"))
        patch.setattr(ForgePage, "_exec", _reading(ForgePage._exec))
        yield


def _refuser(act: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        __tracebackhide__ = True
        _refuse(act)

    return refuse


def _reading(ask: Callable[[ForgePage, Action], Any]) -> Callable[[ForgePage, Action], Any]:
    def read(page: ForgePage, action: Action) -> Any:
        __tracebackhide__ = True
        if action["method"].upper() != "GET":
            _refuse(f"{action['method'].upper()} {action['path']}")
        return ask(page, action)

    return read


def _refuse(act: str) -> NoReturn:
    __tracebackhide__ = True
    pytest.fail(f"{act}: this test is marked `{MARK}`, and may not act on what others look at. Take the mark away.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Keep what was recorded for the test that failed; it joins its folder at the end, where secrets are taken out."""
    report = yield
    if SHARED in item.stash:
        if report.failed or (report.when == "call" and keeps_all(item.config)):
            keep(item, item.stash.setdefault(KEPT, Path(tempfile.mkdtemp(prefix="forge-"))), failed=report.failed)
        if report.when == "teardown" and (kept := item.stash.get(KEPT, None)):
            shutil.copytree(kept, folder_of(item), dirs_exist_ok=True)
            shutil.rmtree(kept)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A visit ends with the first test that fails, with the one that acts, and when nobody else comes."""
    visit = item.config.stash.get(CURRENT, None)
    if visit is None or SHARED not in item.stash:
        return
    if item.stash[FAILURES] or not looks(item) or nextitem is None or not visit.takes(nextitem):
        del item.config.stash[CURRENT]
        type(item).addfinalizer(item, visit.end)
