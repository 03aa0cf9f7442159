"""The end of a run: what failed is tried once more, alone and with everything recorded; then the results are written.

What passed then is flaky: neither a pass nor a failure, it is counted apart.
"""

import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from .evidence.archive import relative_to
from .quarantine import quarantined
from .report import folder, results, verdict
from .report.collect import Collector
from .report.facts import facts
from .report.results import Run

# With more failures than these, what is wrong is not a moment's.
MOST_TRIED_AGAIN = 20
AGAIN = "again"
NONE = "No test is called so, or what was asked for leaves none: -p no:xdist says which."
# Somebody looks into the first failure, and waits for nothing else.
NOT_WITH = ("usepdb", "trace", "maxfail", "trying_again")


class Reporter(Protocol):
    """What is used here of pytest's own terminal reporter."""

    stats: dict[str, list[Any]]

    def write_line(self, line: str) -> None: ...


class Ending:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._folder = Path(config.getoption("--output")).absolute()
        self._said: list[str] = []
        self._collector = Collector(self._folder, _run(config), relative_to(config.rootpath))
        config.pluginmanager.register(self._collector, "forge-collector")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        run, reporter = self._collector.run, self._reporter()
        failed = verdict.failed(run)
        # A run that was stopped has not tried every test, whatever becomes of those that failed.
        stopped = bool(session.shouldfail or session.shouldstop)
        if (
            exitstatus == verdict.FAILED
            and 0 < len(failed) <= MOST_TRIED_AGAIN
            and self._may_try_again()
            and not stopped
        ):
            self._try_again(failed, reporter)
        _move(reporter.stats, "flaky", verdict.flaky(run))
        _move(reporter.stats, "quarantined", verdict.quarantined(run))
        session.exitstatus = int(exitstatus) if stopped else verdict.exit_code(run, int(exitstatus))
        self._collector.end(session.exitstatus)
        none = [NONE] if exitstatus == verdict.NOTHING and not stopped else []
        self._said = [*none, *verdict.lines(run), *([] if self._tries_again() else folder.write(run, self._folder))]

    def pytest_terminal_summary(self, terminalreporter: Reporter) -> None:
        for line in self._said:
            terminalreporter.write_line(line)

    def _reporter(self) -> Reporter:
        reporter: Reporter = self._config.pluginmanager.getplugin("terminalreporter")
        return reporter

    def _tries_again(self) -> bool:
        return bool(self._config.getoption("--trying-again"))

    def _may_try_again(self) -> bool:
        option = self._config.option
        return not any(getattr(option, name, False) for name in NOT_WITH) and not os.environ.get("PWDEBUG")

    def _try_again(self, failed: Sequence[str], reporter: Reporter) -> None:
        tests = "test" if len(failed) == 1 else "tests"
        reporter.write_line(f"\nTrying {len(failed)} failed {tests} again, alone …")
        again = self._folder / AGAIN
        done = subprocess.run(self._command(failed, again), cwd=self._config.rootpath, capture_output=True, check=False)
        try:
            attempts = results.read(again).attempts
        except (OSError, ValueError):
            reporter.write_line((done.stdout + done.stderr).decode(errors="replace"))
        else:
            for attempt in results.moved(attempts, AGAIN, retry=1):
                self._collector.add(attempt)

    def _command(self, failed: Sequence[str], again: Path) -> list[str]:
        """This run's own command, for those tests, one after the other and with everything recorded."""
        named = set(self._config.getoption("file_or_dir"))
        given = [argument for argument in map(str, self._config.invocation_params.args) if argument not in named]
        seed = self._config.getoption("randomly_seed", None)
        return [
            *(sys.executable, "-m", "pytest", *given),
            *(
                "-k",
                "",
                "-m",
                "",
                "--shard=1/1",
                "--trying-again",
                "--evidence=all",
                "--screenshot=on",
                f"--output={again}",
            ),
            # pytest's own, if it was asked for, is of the first tries.
            *([f"--junit-xml={again / 'pytest.xml'}"] if self._config.getoption("xmlpath", None) else []),
            *(["-n0"] if self._config.pluginmanager.hasplugin("xdist") else []),
            *([f"--randomly-seed={seed}"] if seed is not None else []),
            *failed,
        ]


def _run(config: pytest.Config) -> Run:
    number, count = config.getoption("--shard") or (0, 0)
    return Run(
        start=time.time(),
        facts=facts(config.rootpath),
        shard=number,
        shards=count,
        budget=int(config.getini("flaky_budget")),
        quarantined=[entry.id for entry in quarantined(config.rootpath, config.getini("quarantine"))],
    )


def _move(stats: dict[str, list[Any]], kind: str, tests: Collection[str]) -> None:
    """Count these tests apart from what failed."""
    for counted in ("failed", "error"):
        reports = stats.pop(counted, [])
        moved = [report for report in reports if report.nodeid in tests]
        if kept := [report for report in reports if report.nodeid not in tests]:
            stats[counted] = kept
        if moved:
            stats.setdefault(kind, []).extend(moved)
