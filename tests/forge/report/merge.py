"""Several folders of results as one: the same tests and the same verdict as one run of them all."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from . import verdict
from .results import Journal, Run, moved

CUT_OFF = 1


def merged(runs: Mapping[Path, Run], into: Path) -> tuple[Run, list[str]]:
    """One run of these, its files copied; and what keeps it from being whole, which its exit code says too."""
    first = next(iter(runs.values()))
    run = Run(
        start=min(each.start for each in runs.values()),
        facts=first.facts,
        budget=first.budget,
        quarantined=sorted({test for each in runs.values() for test in each.quarantined}),
    )
    run.duration = max(each.start + each.duration for each in runs.values()) - run.start
    journal = Journal(into, run)
    for number, (folder, each) in enumerate(runs.items(), start=1):
        name = f"shard-{each.shard or number}"
        for attempt in moved(each.attempts, name, shard=each.shard or number):
            run.attempts.append(attempt)
            journal.add(attempt)
            for attachment in attempt.attachments:
                if path := attachment.get("path"):
                    (into / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(folder / path.partition("/")[2], into / path)
    complaints = _complaints(runs)
    codes = [each.exit for each in runs.values() if each.exit not in (None, verdict.OK, verdict.FLAKY, verdict.NOTHING)]
    worst = max(filter(None, codes), default=verdict.OK)
    run.exit = CUT_OFF if complaints else verdict.exit_code(run, worst)
    journal.end(run)
    return run, complaints


def _complaints(runs: Mapping[Path, Run]) -> list[str]:
    count = max(run.shards for run in runs.values())
    missing = set(range(1, count + 1)) - {run.shard for run in runs.values()}
    several = len({run.shards for run in runs.values()}) > 1
    return [
        *(f"{folder} was cut off: it has no end." for folder, run in runs.items() if run.exit is None),
        *(f"{folder} ended with 1, although no test of it failed." for folder in _unexplained(runs)),
        *(["The folders are of runs with different numbers of shards."] if several else []),
        *(f"{test} is in several of the folders." for test in _twice(runs)[:1]),
        *(f"Shard {number}/{count} is missing." for number in sorted(missing)),
    ]


def _unexplained(runs: Mapping[Path, Run]) -> list[Path]:
    return [folder for folder, run in runs.items() if run.exit == verdict.FAILED and not verdict.failed(run)]


def _twice(runs: Mapping[Path, Run]) -> list[str]:
    places = Counter(test for run in runs.values() for test in run.tests())
    return [test for test, count in places.items() if count > 1]
