"""A copy of the project, in which one thing at a time is taken out. The project itself is never touched."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.bootstrap import PYTHON
from dev.sabotage.entry import Sabotage
from dev.steps import SetupError
from tests.forge.processes import running

PLUGIN = "sabotage_verdict"
# Not imported here, where nothing may be installed yet.
VERDICT = Path(__file__).with_name("verdict.py")
# In the order in which the tests are written, so that the first to notice is the same each time.
PYTEST = ("-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:randomly", "-p", "no:cacheprovider")
# A module that is changed twice in a second looks unchanged to its compiled form.
MOMENTS = itertools.count(1)


@dataclass(frozen=True)
class Outcome:
    """`noticed`, `survived`, `timeout` or `error`: by which test, and what was not even tried."""

    kind: str
    test: str = ""
    failed: list[str] = field(default_factory=list)
    skipped: int = 0


class Copy:
    def __init__(self, root: Path, folder: Path, settings: dict[str, str]) -> None:
        self._folder, self._settings = folder, settings
        for name in tracked(root):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
        shutil.copy(VERDICT, folder / f"{PLUGIN}.py")

    @contextlib.contextmanager
    def without(self, sabotage: Sabotage) -> Iterator[None]:
        """The copy as long as the block lasts without that. Raises DoesNotApply."""
        file = self._folder / sabotage.file
        whole = file.read_text()
        write(file, sabotage.applied_to(whole))
        try:
            yield
        finally:
            write(file, whole)

    def outcome(self, arguments: Sequence[str], seconds: float, *, goes_on: bool = False) -> Outcome:
        """What these tests say of the copy as it is: up to the first that notices something, or all."""
        report = self._folder / "sabotage.jsonl"
        report.unlink(missing_ok=True)
        settings = self._settings | {"SABOTAGE_REPORT": str(report)} | ({"SABOTAGE_GOES_ON": "1"} if goes_on else {})
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        with running([PYTHON, *PYTEST, *arguments], self._folder, cwd=self._folder, env=settings, **quiet) as process:
            try:
                code: int | None = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
        return judged(lines_of(report), code)


def lines_of(report: Path) -> list[dict[str, Any]]:
    """What the plugin wrote; of one that was ended at its limit the last line may be half."""
    if not report.exists():
        return []
    return [json.loads(line) for line in report.read_text().splitlines(keepends=True) if line.endswith("\n")]


def judged(lines: Sequence[dict[str, Any]], code: int | None) -> Outcome:
    """The verdict of the lines that the plugin wrote, and pytest's exit code, or None where it did not end."""
    failed = [line["test"] for line in lines if "test" in line]
    skipped = sum(line.get("skipped", 0) for line in lines)
    for kind in ("noticed", "timeout", "error"):
        for line in lines:
            if line.get("kind") == kind:
                return Outcome(kind, line["test"], failed, skipped)
    if code is None:
        return Outcome("timeout")
    return Outcome("survived" if code == 0 else "error", skipped=skipped)


def write(file: Path, source: str) -> None:
    file.write_text(source)
    moment = next(MOMENTS)
    os.utime(file, (moment, moment))


def tracked(root: Path) -> list[str]:
    """The files of the project, as they are in the work tree."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise SetupError("bin/sabotage copies what git tracks, and this is no clone of it.") from None
    return [name for name in listed.stdout.split("\0") if (root / name).is_file()]
