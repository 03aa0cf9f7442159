"""What a run amounts to. One rule for a run, and for shards that were merged into one."""

from collections.abc import Callable, Sequence

from .results import EXAMINED, Run

OK, FAILED, FLAKY, NOTHING = 0, 1, 9, 5


def failed(run: Run) -> list[str]:
    return [test for test in run.with_outcome("unexpected") if not _is_quarantined(run, test)]


def quarantined(run: Run) -> list[str]:
    return [test for test in run.with_outcome("unexpected") if _is_quarantined(run, test)]


def flaky(run: Run) -> list[str]:
    """The tests that failed, and passed alone."""
    return run.with_outcome("flaky")


def exit_code(run: Run, pytests: int) -> int:
    """pytest's own code, but for failures: 1 for those that count, 9 for more flaky tests than the budget has."""
    if pytests not in (OK, FAILED):
        return pytests
    unexplained = pytests == FAILED and not flaky(run) and not quarantined(run)
    if failed(run) or unexplained:
        return FAILED
    if not run.attempts:
        return NOTHING
    return FLAKY if len(flaky(run)) > run.budget else OK


def examined(run: Run) -> int:
    """How many distinct pages were examined."""
    notes = [note for attempt in run.attempts for note in attempt.annotations]
    return len({note["description"] for note in notes if note["type"] == EXAMINED})


def _is_quarantined(run: Run, test: str) -> bool:
    return any(test == named or test.startswith((f"{named}[", f"{named}::")) for named in run.quarantined)


KINDS: Sequence[tuple[str, Callable[[Run], list[str]]]] = (
    ("Failed", failed),
    ("Flaky: failed, and passed alone", flaky),
    ("Quarantined: failed, and may until its day", quarantined),
)


def lines(run: Run) -> list[str]:
    """What pytest's own summary does not say."""
    said = [f"{title}: {test}{_why(run, test)}" for title, tests in KINDS[1:] for test in tests(run)]
    if len(flaky(run)) > run.budget:
        said.append(f"{len(flaky(run))} flaky, and the budget is {run.budget}.")
    if pages := examined(run):
        said.append(f"Distinct pages that were examined: {pages}")
    return said


def markdown(run: Run) -> str:
    """A summary for the page of a CI's run."""
    outcomes = list(run.outcomes().values())
    counts = {
        "failed": len(failed(run)),
        "flaky": len(flaky(run)),
        "quarantined": len(quarantined(run)),
        "passed": outcomes.count("expected"),
        "skipped": outcomes.count("skipped"),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no tests"
    pages = f", {count} distinct pages examined" if (count := examined(run)) else ""
    parts = [f"### {told} in {run.duration:.0f} s{pages}"]
    for title, tests in KINDS:
        if named := tests(run):
            parts += ["", f"**{title}**", "", *(f"- `{test}`{_why(run, test)}" for test in named)]
    return "\n".join([*parts, ""])


def _why(run: Run, test: str) -> str:
    first = next(attempt for attempt in run.tests()[test] if not attempt.ok)
    return f": {first.errors[0].splitlines()[0]}" if first.errors and first.errors[0] else ""
