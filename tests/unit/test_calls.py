"""How much work a request may be, counted in function calls: neither a slow machine nor a busy one moves it."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.calls import HERE

# A bare Flask hello makes 316.
BUDGETS = {
    "cached list": 730,
    "cached list's 304": 740,
    "uncached list": 1000,
    "HTML list": 750,
    "HTML list's 304": 760,
    "one blog": 840,
    "image's 304": 750,
    "healthz": 420,
    "stranger's 401": 620,
}
# What the layers took when a budget was last set: `python -m tests.calls > tests/calls.json`.
RECORDED = HERE / "tests" / "calls.json"

Calls = dict[str, Counter[str]]

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.version_info[:2] != (3, 11), reason="Another Python calls otherwise; the budgets are of 3.11."
    ),
    pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="The budgets are of SQLite's driver."),
]


@pytest.fixture(scope="module")
def calls() -> Calls:
    return read(subprocess.run([sys.executable, "-m", "tests.calls"], cwd=HERE, capture_output=True, check=True).stdout)


def read(text: str | bytes) -> Calls:
    return {route: Counter(layers) for route, layers in json.loads(text).items()}


def grown(now: Counter[str], before: Counter[str]) -> str:
    more = (now - before).most_common(6)
    return (
        ", ".join(f"{layer} {before[layer]} -> {now[layer]}" for layer, _ in more) or "no layer since it was recorded"
    )


@pytest.mark.parametrize("route", BUDGETS)
class TestARequest:
    def test_takes_no_more_calls_than_its_budget(self, route: str, calls: Calls) -> None:
        taken, before = calls[route], read(RECORDED.read_text())[route]
        assert taken.total() <= BUDGETS[route], f"What grew: {grown(taken, before)}"


class TestTheBudgets:
    def test_name_every_route_that_is_counted(self, calls: Calls) -> None:
        assert calls.keys() - {"hello of Flask"} == BUDGETS.keys()
