"""The results, collected as the tests run: each process describes its tests, and the one that reports notes them."""

import json
import re
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from .html import content_type
from .results import EXAMINED, VISITED, Attempt, Journal, Run, Status
from .steps import LIBRARIES, STEPS, Step, Steps

CONTEXT_LINES = 2
TIMED_OUT = "Timeout (>"
CAPTURED = re.compile("Captured (stdout|stderr|log) (?:setup|call|teardown)")
BUILT_IN = ("parametrize", "usefixtures", "skip", "skipif", "xfail", "filterwarnings", "timeout")


FolderOf = Callable[[pytest.Item], Path]
# What takes the secrets out of a text of that test's.
ScrubOf = Callable[[pytest.Item], Callable[[str], str]]


class Describer:
    """Describes a test on its reports, in words that cross processes: `report.forge`."""

    def __init__(self, config: pytest.Config, folder_of: FolderOf, scrub_of: ScrubOf) -> None:
        self._root = config.rootpath
        self._folder_of, self._scrub_of = folder_of, scrub_of
        self._output = Path(config.getoption("--output")).absolute()
        self._steps = config.stash[STEPS] = Steps(config.rootpath)
        self._worker = int(getattr(config, "workerinput", {"workerid": "gw0"})["workerid"].removeprefix("gw"))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        with self._steps.fixture(fixturedef):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        error = self._error(report, call)
        seen = {"steps": _grouped(report, self._steps.take()), "errors": [error] if error else []}
        cast(Any, report).forge = {
            **(self._test(item) if report.when == "setup" else {}),
            **json.loads(self._scrub_of(item)(json.dumps(seen))),
            "worker": self._worker,
            "attachments": self._files(item) if report.when == "teardown" else [],
        }
        return report

    def _test(self, item: pytest.Item) -> dict[str, Any]:
        file, line, _ = item.location
        browser = getattr(getattr(item, "callspec", None), "params", {}).get("browser_name", "")
        return {
            "file": file,
            "line": (line or 0) + 1,
            "classes": item.nodeid.partition("[")[0].split("::")[1:-1],
            "title": re.sub(rf"\[{browser}\]$|(?<=\[){browser}-|-{browser}(?=[-\]])", "", item.name),
            "browser": browser,
            "tags": [f"@{mark.name}" for mark in item.iter_markers() if mark.name not in BUILT_IN],
        }

    def _error(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
        if not report.failed or call.excinfo is None:
            return report.longreprtext if report.failed else ""
        paths = [(Path(entry.path), entry.lineno) for entry in call.excinfo.traceback]
        own = [(path, line) for path, line in paths if path.is_relative_to(self._root) and path.is_file()]
        own = [(path, line) for path, line in own if not str(path).startswith(LIBRARIES)]
        where = f"\n\n{self._code(*own[-1])}" if own else ""
        return f"{call.excinfo.exconly()}{where}"

    def _code(self, file: Path, at: int) -> str:
        """The lines around that one, which is counted from 0, as Playwright's reports show them."""
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        shown = range(max(0, at - CONTEXT_LINES), min(len(lines), at + CONTEXT_LINES + 1))
        frame = [f"{'>' if number == at else ' '} {number + 1:4} | {lines[number]}" for number in shown]
        return "\n".join([*frame, "", f"    at {file.relative_to(self._root)}:{at + 1}"])

    def _files(self, item: pytest.Item) -> list[dict[str, str]]:
        """What the test has left in its folder."""
        return [
            {
                "name": "trace" if file.name == "trace.zip" else file.name,
                "contentType": content_type(file),
                "path": str(file.relative_to(self._output)),
            }
            for file in sorted(self._folder_of(item).glob("*"))
            if file.is_file()
        ]


def _grouped(report: pytest.TestReport, steps: list[Step]) -> list[Step]:
    """The steps of what came before the test and after it as one each, as in Playwright's own reports."""
    if report.when == "call" or not steps:
        return steps
    title = "Before the test" if report.when == "setup" else "After the test"
    return [{"title": title, "start": report.start, "duration": report.duration, "steps": steps}]


class Collector:
    """Puts the reports of a run together, one attempt for each test that has ended."""

    def __init__(self, folder: Path, run: Run, relative: Callable[[str], str]) -> None:
        self._relative = relative
        self.run = run
        self._unread: set[str] = set()
        self._running: dict[str, list[pytest.TestReport]] = {}
        self._journal = Journal(folder, run)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        phases = self._running.setdefault(report.nodeid, [])
        phases.append(report)
        # A worker that died says so in a report that is of no phase.
        if report.when == "teardown" or not hasattr(report, "forge"):
            attempt = attempt_of(phases)
            told = json.loads(self._relative(json.dumps(vars(attempt))))
            self.add(Attempt(**{**told, "test": attempt.test, "file": attempt.file}))
            del self._running[report.nodeid]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read fails as a test would: what it holds was not tried."""
        if report.failed and report.nodeid not in self._unread:
            self._unread.add(report.nodeid)
            self.add(_unread(report.nodeid, report.longreprtext))

    def add(self, attempt: Attempt) -> None:
        self.run.attempts.append(attempt)
        self._journal.add(attempt)

    def end(self, code: int) -> None:
        self.run.duration, self.run.exit = time.time() - self.run.start, code
        self._journal.end(self.run)


def _unread(file: str, error: str) -> Attempt:
    return Attempt(
        test=file,
        file=file,
        line=1,
        classes=[],
        title=Path(file).name,
        browser="",
        start=time.time(),
        duration=0.0,
        status="failed",
        ok=False,
        errors=[error],
    )


def attempt_of(phases: list[pytest.TestReport]) -> Attempt:
    """One attempt, told by its phases; a worker that died leaves out some."""
    told: Mapping[str, Any] = {name: value for phase in phases for name, value in getattr(phase, "forge", {}).items()}
    file, _, name = phases[0].nodeid.partition("::")
    said = [
        getattr(phase, "forge", {"errors": [phase.longreprtext], "steps": [], "attachments": []}) for phase in phases
    ]
    failed, skipped = any(phase.failed for phase in phases), any(phase.skipped for phase in phases)
    expected_failure = any(hasattr(phase, "wasxfail") for phase in phases) and not failed
    errors = [error for each in said for error in each["errors"]]
    return Attempt(
        test=phases[0].nodeid,
        file=told.get("file", file),
        line=told.get("line", 1),
        classes=told.get("classes", []),
        title=told.get("title", name),
        browser=told.get("browser", ""),
        tags=told.get("tags", []),
        worker=told.get("worker", 0),
        start=min((phase.start for phase in phases if phase.start), default=time.time()),
        duration=sum(phase.duration for phase in phases),
        status=_status(failed=failed or expected_failure, skipped=skipped, errors=errors),
        ok=not failed,
        errors=errors,
        steps=[step for each in said for step in each["steps"]],
        attachments=[*_texts(phases), *(file for each in said for file in each["attachments"])],
        annotations=_annotations(phases),
        visited=[str(module) for name, module in phases[-1].user_properties if name == VISITED],
    )


def _annotations(phases: list[pytest.TestReport]) -> list[dict[str, str]]:
    skips = [("skip", _reason(phase)) for phase in phases if phase.skipped]
    examined = [(name, str(page)) for name, page in phases[-1].user_properties if name == EXAMINED]
    return [{"type": kind, "description": text} for kind, text in [*skips, *examined]]


def _status(*, failed: bool, skipped: bool, errors: list[str]) -> Status:
    if failed:
        return "timedOut" if any(TIMED_OUT in error for error in errors) else "failed"
    return "skipped" if skipped else "passed"


def _reason(report: pytest.TestReport) -> str:
    if xfail := getattr(report, "wasxfail", ""):
        return str(xfail)
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""


def _texts(phases: list[pytest.TestReport]) -> list[dict[str, str]]:
    """What was captured and added, once each: later phases repeat what earlier ones had."""
    sections = {title: text for phase in phases for title, text in phase.sections if text.strip()}
    texts: dict[str, str] = {}
    for title, text in sections.items():
        captured = CAPTURED.fullmatch(title)
        name = captured[1] if captured else title
        texts[name] = texts.get(name, "") + text
    return [{"name": name, "contentType": "text/plain", "body": text} for name, text in texts.items()]
