"""Which of the app's views a test reaches: by a client in its own process, or by a browser through the server."""

from collections.abc import Callable, Generator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from .evidence.listeners import module_of_view
from .evidence.record import Request
from .report.results import VISITED
from .server import LiveServer


class Visits:
    """Notes the module of each view on the test that asked for it; `user_properties` cross processes."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._read: dict[Path, int] = {}
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(Flask, "dispatch_request", self._noting(Flask.dispatch_request))

    def pytest_unconfigure(self) -> None:
        self._patch.undo()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        if call.when == "teardown":
            for each in getattr(item, "funcargs", {}).values():
                if isinstance(each, LiveServer) and each.record:
                    self._seen |= self._new_in(each.record)
            item.user_properties += [(VISITED, module) for module in sorted(filter(None, self._seen))]
            self._seen = set()
        return (yield)

    def _noting(self, dispatch: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(dispatch)
        def noted(app: Flask, *arguments: Any) -> Any:
            with suppress(Exception):
                self._seen.add(module_of_view(app))
            return dispatch(app, *arguments)

        return noted

    def _new_in(self, record: Path) -> set[str]:
        if not record.exists():
            return set()
        with record.open("rb") as file:
            file.seek(self._read.get(record, 0))
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read[record] = self._read.get(record, 0) + len(whole)
        return {Request.read(line).view for line in whole.decode().splitlines()}
