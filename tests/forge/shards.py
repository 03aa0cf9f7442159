"""A part of the tests: `--shard 2/5` is the second of five parts that take about as long as each other.

Whole files go together, because their tests share what is slow to set up. How long a file took is read from a file of
durations, which `python -m forge.report durations` writes from a run's results.
"""

import json
from argparse import ArgumentTypeError
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest


def shard(value: str) -> tuple[int, int]:
    """`2/5` as (2, 5). Raises ArgumentTypeError."""
    number, _, count = value.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ArgumentTypeError(f"{value!r} is no part; 2/5 is the second of five")
    return int(number), int(count)


def part(files: Mapping[str, int], number: int, count: int, durations: Mapping[str, float]) -> set[str]:
    """The files of that part, given how many tests each file has: the longest first, each to the part with least."""
    known = sum(durations.get(file, 0) for file in files)
    tests = sum(length for file, length in files.items() if file in durations)
    usual = known / tests if tests else 1.0
    seconds = {file: durations.get(file, usual * length) for file, length in files.items()}
    loads = [0.0] * count
    parts: list[set[str]] = [set() for _ in range(count)]
    for file in sorted(files, key=lambda file: (-seconds[file], file)):
        least = loads.index(min(loads))
        loads[least] += seconds[file]
        parts[least].add(file)
    return parts[number - 1]


class Shard:
    def __init__(self, number: int, count: int, durations: Path) -> None:
        self.number, self.count = number, count
        self._durations = json.loads(durations.read_text(encoding="utf-8")) if durations.exists() else {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        by_file: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            by_file[item.nodeid.partition("::")[0]].append(item)
        lengths = {file: len(within) for file, within in by_file.items()}
        ours = part(lengths, self.number, self.count, self._durations)
        left_out = [item for file, within in by_file.items() if file not in ours for item in within]
        items[:] = [item for item in items if item.nodeid.partition("::")[0] in ours]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
