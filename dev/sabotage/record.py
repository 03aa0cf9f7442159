"""What was found: kept from run to run, and shown as a table in the documentation."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path, PurePath

from dev.sabotage.copy import tracked
from dev.sabotage.entry import Sabotage
from dev.sabotage.trials import DEPTHS, Verdict
from dev.steps import SetupError

BEGIN, END = "<!-- bin/sabotage writes what follows -->", "<!-- bin/sabotage wrote this -->"
HEAD = "| what is taken out | rule | where | the first test that notices |\n|---|---|---|---|"


class Record:
    """The verdicts so far, a line each: a run that is killed keeps what it found.

    One counts as long as the sabotage, the app, the tests that are likely to notice and what they use are the same.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._file = root, root / ".sabotage" / "verdicts.jsonl"
        files = {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in tracked(root)}
        self._tests = {name: each for name, each in files.items() if PurePath(name).name.startswith("test_")}
        rest = {name: each for name, each in files.items() if name not in self._tests and is_tried(name)}
        self._rest = repr(sorted(rest.items()))

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def add(self, sabotage: Sabotage, verdict: Verdict) -> None:
        self._file.parent.mkdir(exist_ok=True)
        with self._file.open("a") as file:
            file.write(f"{json.dumps({'of': self._digest(sabotage), **asdict(verdict)})}\n")

    def known(self, sabotages: Iterable[Sabotage], depth: str) -> dict[str, Verdict]:
        """By name, those that a trial to this depth would find again."""
        lines = map(json.loads, self._file.read_text().splitlines()) if self._file.exists() else []
        found = {line.pop("of"): Verdict(**line) for line in lines}
        kept = {each.name: found.get(self._digest(each)) for each in sabotages}
        return {name: verdict for name, verdict in kept.items() if verdict and reaches(verdict, depth)}

    def _digest(self, sabotage: Sabotage) -> str:
        paths = tuple(test.partition("::")[0] for test in sabotage.tests)
        tests = sorted(item for item in self._tests.items() if item[0].startswith(paths))
        return hashlib.sha256(f"{sabotage!r} {tests} {self._rest}".encode()).hexdigest()


def is_tried(name: str) -> bool:
    """Whether a change of this file may change a verdict."""
    return not name.startswith(("dev/", "docs/", "benchmarks/", "tests/unit/dev/")) and not name.endswith(".md")


def reaches(verdict: Verdict, depth: str) -> bool:
    return verdict.kind != "survived" or DEPTHS.index(verdict.depth) >= DEPTHS.index(depth)


def table(sabotages: Sequence[Sabotage], verdicts: dict[str, Verdict], before: str = "") -> str:
    """A row for each of them. Without a verdict it is the one of the table from before, or says so."""
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines()}
    rows = []
    for each in sorted(sabotages, key=lambda each: each.rule or 0):
        verdict, told = verdicts.get(each.name), f"| {each.name} | {each.rule or ''} | `{each.file}` |"
        rows.append(f"{told} {noticed_by(verdict)} |" if verdict else kept.get(each.name, f"{told} **not tried** |"))
    return "\n".join([HEAD, *rows])


def noticed_by(verdict: Verdict) -> str:
    if not verdict.test or verdict.kind == "error":
        return f"**{verdict.kind}**"
    # The brackets of a parameter may hold anything.
    path, _, test = verdict.test.partition("[")[0].partition("::")
    limit = ", by its time limit" if verdict.kind == "timeout" else ""
    return f"`{path}` {test.replace('::', ', ')}{limit}"


def write_table(document: Path, sabotages: Sequence[Sabotage], verdicts: dict[str, Verdict]) -> None:
    before, begin, rest = document.read_text().partition(f"{BEGIN}\n")
    old, end, after = rest.partition(f"\n{END}")
    if not (begin and end):
        raise SetupError(f"{document} has no place for the table: {BEGIN} … {END}")
    document.write_text(f"{before}{BEGIN}\n\n{table(sabotages, verdicts, old)}\n{end}{after}")
