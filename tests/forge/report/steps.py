"""What a test did, and for how long: its fixtures, and what it asked of the browser."""

import os
import sysconfig
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

SHORTEST_SECONDS = 0.002
HARNESS = str(Path(__file__).parents[1])
LIBRARIES = sysconfig.get_path("purelib")
ASKED = ("url", "selector", "key", "text", "expression")
LONGEST = 80

Step = dict[str, Any]
STEPS = pytest.StashKey["Steps"]()


class Steps:
    """The steps of the test that runs, each within the one that was begun before it and has not ended."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._done: list[Step] = []
        self._open: list[Step] = []

    def take(self) -> list[Step]:
        """Every step since the last time."""
        done, self._done, self._open = self._done, [], []
        return done

    def begin(self, title: str, location: dict[str, Any] | None = None) -> Step:
        step: Step = {"title": title, "start": time.time(), "duration": -1.0, "steps": []}
        if location:
            step["location"] = location
        (self._open[-1]["steps"] if self._open else self._done).append(step)
        self._open.append(step)
        return step

    def end(self, step: Step, error: str = "") -> None:
        step["duration"] = time.time() - step["start"]
        if error:
            step["error"] = error
        if step in self._open:
            del self._open[self._open.index(step) :]

    @contextmanager
    def fixture(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """A fixture of the project's own that takes its time."""
        code = getattr(fixturedef.func, "__code__", None)
        if code is None or code.co_filename.startswith(LIBRARIES):
            yield
            return
        step = self.begin(f"fixture: {fixturedef.argname}", self.location(code.co_filename, code.co_firstlineno))
        try:
            yield
        finally:
            self.end(step)
            if step["duration"] < SHORTEST_SECONDS and not step["steps"]:
                (self._open[-1]["steps"] if self._open else self._done).remove(step)

    def location(self, file: str, line: int) -> dict[str, Any] | None:
        """Where in the project, or None: what lies outside it has no place in a report."""
        with_root = Path(os.path.relpath(file, self._root))
        return None if with_root.parts[0] == ".." else {"file": str(with_root), "line": line, "column": 0}

    def listen(self, playwright: Playwright) -> None:
        """Note each call of Playwright's, by listeners that are internal to it: where they have changed, note none."""
        connection = getattr(getattr(playwright, "_impl_obj", None), "_connection", None)
        add_listener = getattr(getattr(connection, "_instrumentation", None), "add_listener", None)
        if add_listener:
            add_listener(_Acts(self))


class _Acts:
    """A listener of Playwright's client, as its own test runner has one."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def on_api_call_begin(self, call: Any, channel: dict[str, Any]) -> None:
        with suppress(AttributeError, KeyError, TypeError):
            self._begin(call, channel)

    def _begin(self, call: Any, channel: dict[str, Any]) -> None:
        params = channel.get("params") or {}
        asked = next((str(params[name]) for name in ASKED if params.get(name)), "")
        if len(asked) > LONGEST:
            asked = f"{asked[:LONGEST]} …"
        title = f"{call.api_name} {' '.join(asked.split())}".strip()
        # What no line of the project asked for is the harness's own, such as its closing of the page.
        if line := self._asking_line(call.frames):
            call.user_data = self._steps.begin(title, line)

    def on_api_call_end(self, call: Any) -> None:
        if call.user_data:
            self._steps.end(call.user_data, str(call.error or ""))

    def _asking_line(self, frames: list[dict[str, Any]]) -> dict[str, Any] | None:
        asking = (frame for frame in frames if not frame["file"].startswith((LIBRARIES, HARNESS)))
        found = next(asking, None)
        return self._steps.location(found["file"], found["line"]) if found else None
