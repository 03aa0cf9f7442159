"""A pytest plugin, copied beside the tests: what each failing test failed by, one line of JSON each.

A test's verdict is a failed assertion, `pytest.fail` (its own, that of a missing exception or of a standing check), an
exception of the app's own, which is another answer than the test says, and what a browser waited for in vain; and only
while the test itself runs. Any other exception, and whatever happens in a fixture, shows that the program is broken,
not that a test looks for the defence.
"""

import json
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

MOST_ERRORS = 10
# pytest-timeout has no exception of its own.
TIMEOUT = "Timeout (>"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(
        Witness(Path(os.environ["SABOTAGE_REPORT"]), goes_on="SABOTAGE_GOES_ON" in os.environ)
    )


class Witness:
    def __init__(self, report: Path, *, goes_on: bool) -> None:
        self._report, self._goes_on = report, goes_on
        self._counts: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        if report.skipped:
            self._counts["skipped"] += 1
        if report.failed and call.excinfo:
            kind = kind_of(call.excinfo.value, call.when)
            self._counts[kind] += 1
            error = type(call.excinfo.value).__name__
            self._write({"test": item.nodeid, "phase": call.when, "error": error, "kind": kind})
            if not self._goes_on and (kind != "error" or self._counts["error"] == MOST_ERRORS):
                item.session.shouldstop = kind
        return report

    def pytest_sessionfinish(self) -> None:
        self._write({"skipped": self._counts["skipped"]})

    def _write(self, line: dict[str, Any]) -> None:
        with self._report.open("a") as file:
            file.write(f"{json.dumps(line)}\n")


def kind_of(error: BaseException, phase: str) -> str:
    if isinstance(error, pytest.fail.Exception) and str(error).startswith(TIMEOUT):
        return "timeout"
    package, name = type(error).__module__.partition(".")[0], type(error).__name__
    told = isinstance(error, AssertionError | pytest.fail.Exception) or package == "app"
    waited = (package, name) == ("playwright", "TimeoutError")
    return "noticed" if phase == "call" and (told or waited) else "error"
