"""Tries sabotages, some at a time: each in a copy, against the likely tests first, and then against the others."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from dev.sabotage.copy import Copy, Outcome
from dev.sabotage.entry import Sabotage

# The commands' own tests know nothing of the app, and one of them compares the list by hand with the code.
OTHERS = {"unit": ("tests/unit", "--ignore=tests/unit/dev"), "browser": ("tests/e2e",)}
# How far a trial goes, and the seconds that each step of it may take on a machine that is busy.
DEPTHS = ("likely", "unit", "browser")
SECONDS = {"likely": 600, "unit": 1800, "browser": 3600}


@dataclass(frozen=True)
class Verdict:
    """`noticed`, `survived`, `timeout` or `error`; `depth` is how far the trial went."""

    name: str
    kind: str
    test: str
    depth: str
    seconds: float
    skipped: int = 0


class Trials:
    def __init__(self, root: Path, settings: dict[str, str], *, depth: str, jobs: int) -> None:
        self.depth = depth
        self._root, self._settings, self._jobs = root, settings, jobs
        self._lock = threading.Lock()
        # Tests that have noticed something and were tried with nothing taken out, and those of them that fail then too.
        self._tried: set[str] = set()
        self._failing: set[str] = set()

    @property
    def failing_tests(self) -> list[str]:
        return sorted(self._failing)

    def verdicts(self, sabotages: Sequence[Sabotage]) -> Iterator[Verdict]:
        """Of each, as soon as it is known."""
        waiting: SimpleQueue[Sabotage] = SimpleQueue()
        done: SimpleQueue[Verdict | BaseException] = SimpleQueue()
        for each in sabotages:
            waiting.put(each)
        # When this process is ended, nobody waits for them: what they have started ends with it.
        workers = [
            threading.Thread(target=self._work, args=(waiting, done), daemon=True)
            for _ in range(min(self._jobs, len(sabotages)))
        ]
        for worker in workers:
            worker.start()
        for _ in sabotages:
            verdict = done.get()
            if isinstance(verdict, BaseException):
                raise verdict
            yield verdict
        # They take their copies away.
        for worker in workers:
            worker.join()

    def _work(self, waiting: "SimpleQueue[Sabotage]", done: "SimpleQueue[Verdict | BaseException]") -> None:
        try:
            with folder(self._root) as here:
                copy = Copy(self._root, here, self._settings)
                while True:
                    done.put(self._verdict(copy, waiting.get_nowait()))
        except Empty:
            pass
        except BaseException as error:  # noqa: BLE001  it is raised where somebody hears of it
            done.put(error)

    def _verdict(self, copy: Copy, sabotage: Sabotage) -> Verdict:
        started, skipped = time.monotonic(), 0
        for depth in DEPTHS[: DEPTHS.index(self.depth) + 1]:
            outcome = self._outcome(copy, sabotage, depth)
            skipped += outcome.skipped
            if outcome.kind != "survived":
                break
        seconds = round(time.monotonic() - started, 1)
        return Verdict(sabotage.name, outcome.kind, outcome.test, depth, seconds, skipped)

    def _outcome(self, copy: Copy, sabotage: Sabotage, depth: str) -> Outcome:
        """What the tests of a step say, without those that fail with nothing taken out: they would notice anything."""
        while True:
            left_out = [f"--deselect={test}" for test in self.failing_tests]
            with copy.without(sabotage):
                outcome = copy.outcome([*step(sabotage, depth), *left_out], SECONDS[depth])
            if not outcome.test or self._holds(outcome.test, copy):
                return outcome

    def _holds(self, test: str, copy: Copy) -> bool:
        """Whether it passes with nothing taken out."""
        # With all its parameters, which may have letters that no argument can hold.
        whole = test.partition("[")[0]
        with self._lock:
            if whole not in self._tried:
                self._tried.add(whole)
                self._failing.update(copy.outcome([whole], SECONDS["likely"], goes_on=True).failed)
            return test not in self._failing


def step(sabotage: Sabotage, depth: str) -> list[str]:
    """The tests of one step, without those of the step before."""
    if depth == "likely":
        return [*sabotage.tests]
    return [*OTHERS[depth], *(f"--deselect={test}" for test in sabotage.tests)]


@contextmanager
def folder(root: Path) -> Iterator[Path]:
    """Not a temporary one: a test that fills those for its server needs the code to be elsewhere."""
    kept = root / ".sabotage"
    kept.mkdir(exist_ok=True)
    here = Path(tempfile.mkdtemp(prefix="copy-", dir=kept))
    try:
        yield here
    finally:
        shutil.rmtree(here, ignore_errors=True)
