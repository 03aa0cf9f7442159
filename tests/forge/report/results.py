"""The results of a run, as lines of JSON: first the run, then each attempt at a test as it ends, and last the end.

A folder of results is all that a report, a merge or a verdict needs. Times are seconds of the Unix clock.
"""

import errno
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

RESULTS = "results.jsonl"
# The kind of note that names a page which a test has had examined.
EXAMINED = "examined"
# What a test says of the module of a view that it has reached.
VISITED = "visited"

Status = Literal["passed", "failed", "timedOut", "skipped"]
Outcome = Literal["expected", "unexpected", "flaky", "skipped"]


@dataclass(frozen=True)
class Attempt:
    """One attempt at one test in one browser. `ok` is whether it went as it should: a failing xfail did."""

    test: str
    file: str
    line: int
    classes: Sequence[str]
    title: str
    browser: str
    start: float
    duration: float
    status: Status
    ok: bool
    worker: int = 0
    retry: int = 0
    shard: int = 0
    tags: Sequence[str] = ()
    errors: Sequence[str] = ()
    steps: Sequence[Mapping[str, Any]] = ()
    attachments: Sequence[Mapping[str, str]] = ()
    annotations: Sequence[Mapping[str, str]] = ()
    visited: Sequence[str] = ()
    """The modules of the views that it reached."""


@dataclass
class Run:
    """What happened, and where: `facts` are of git and CI, `exit` is pytest's code, None of a run that was cut off."""

    start: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    shard: int = 0
    shards: int = 0
    budget: int = 0
    quarantined: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    duration: float = 0.0
    exit: int | None = None

    def tests(self) -> dict[str, list[Attempt]]:
        """Every test with its attempts, the first one first."""
        found: dict[str, list[Attempt]] = {}
        for attempt in sorted(self.attempts, key=lambda attempt: (attempt.retry, attempt.start)):
            found.setdefault(attempt.test, []).append(attempt)
        return found

    def outcomes(self) -> dict[str, Outcome]:
        return {test: outcome(attempts) for test, attempts in self.tests().items()}

    def with_outcome(self, wanted: Outcome) -> list[str]:
        return [test for test, found in self.outcomes().items() if found == wanted]


def outcome(attempts: Sequence[Attempt]) -> Outcome:
    if all(attempt.status == "skipped" and attempt.ok for attempt in attempts):
        return "skipped"
    # A test that is skipped when it is tried again has not passed.
    if not attempts[-1].ok or attempts[-1].status == "skipped":
        return "unexpected"
    return "expected" if all(attempt.ok for attempt in attempts) else "flaky"


def durations(run: Run) -> dict[str, float]:
    """How many seconds the tests of each file took at the first try."""
    seconds: dict[str, float] = {}
    for attempt in run.attempts:
        if not attempt.retry:
            seconds[attempt.file] = seconds.get(attempt.file, 0.0) + attempt.duration
    return {file: round(seconds[file], 1) for file in sorted(seconds)}


def visits(run: Run) -> dict[str, list[str]]:
    """The modules of the views that the tests of each file reached, by any way."""
    found: dict[str, set[str]] = {}
    for attempt in run.attempts:
        found.setdefault(attempt.file, set()).update(attempt.visited)
    return {file: sorted(found[file]) for file in sorted(found)}


class Journal:
    """Writes a run down while it goes on, so that one that is cut off leaves what it had."""

    def __init__(self, folder: Path, run: Run) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / RESULTS).open("w", encoding="utf-8", buffering=1)
        self._write({key: value for key, value in vars(run).items() if key not in ("attempts", "duration", "exit")})

    def add(self, attempt: Attempt) -> None:
        self._write(vars(attempt))

    def end(self, run: Run) -> None:
        self._write({"duration": run.duration, "exit": run.exit})
        self.close()

    def close(self) -> None:
        self._file.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")


def read(folder: Path) -> Run:
    """The run of that folder, whose last line may be half. Raises FileNotFoundError where there is none."""
    lines = (folder / RESULTS).read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    if not whole:
        raise FileNotFoundError(errno.ENOENT, "no results", str(folder / RESULTS))
    first, *records = whole
    run = Run(**first)
    for record in records:
        if "test" in record:
            run.attempts.append(Attempt(**record))
        else:
            run.duration, run.exit = record["duration"], record["exit"]
    return run


def moved(attempts: Iterable[Attempt], folder: str, **changes: Any) -> list[Attempt]:
    """The same attempts, with their files in that folder of the run's own."""
    return [
        replace(
            attempt,
            attachments=[
                {**each, "path": f"{folder}/{each['path']}"} if "path" in each else each for each in attempt.attachments
            ],
            **changes,
        )
        for attempt in attempts
    ]
