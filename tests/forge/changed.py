"""`--changed`: the tests that a change can reach. In doubt a test runs.

A change is what differs from the merge base with main, or from `--changed=REF`, committed or not, and new files.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import pytest

from .fast import MARK
from .reach import DOCUMENTS, HARNESS, Reach
from .report.facts import git

DEFAULT = "the merge base with main"
TOLD = "forge_changed"
MOST_NAMED = 3


class Changed:
    def __init__(self, config: pytest.Config) -> None:
        self._config, self._root = config, config.rootpath
        self._files = changed_files(self._root, config.getoption("--changed"))
        self._told = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        count = len(items)
        harness = [file for file in self._files if (self._root / file).is_relative_to(HARNESS)]
        if unknown := "".join(harness[:1]) or first_unknown(self._files, self._reach):
            because = f"all, because of {unknown}"
        else:
            chosen = [item for item in items if self._reaches(item)]
            left_out = set(items) - set(chosen)
            if left_out:
                self._config.hook.pytest_deselected(items=[item for item in items if item in left_out])
            items[:] = chosen
            because = f"reached from {self._named()}" if self._files else "nothing has changed"
        self._told = f"{len(items):,} of {count:,} tests: {because}"
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[TOLD] = self._told

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._told = getattr(node, "workeroutput", {}).get(TOLD, self._told)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        yield
        # A change that no test can notice is no failure.
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(self._told)

    def _named(self) -> str:
        more = len(self._files) - MOST_NAMED
        return ", ".join([*self._files[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])

    def _reaches(self, item: pytest.Item) -> bool:
        documents = [file for file in self._files if file.endswith(DOCUMENTS)]
        test = str(item.path.relative_to(self._root))
        if documents and self._reach.reads_documents(test):
            return True
        if len(documents) == len(self._files):
            return False
        # What such a test reads or starts is not followed.
        if _starts_programs(item) or self._reach.reads_files(test):
            return True
        return not self._reach.of(test, self._fixtures(item)).isdisjoint(self._files)

    def _fixtures(self, item: pytest.Item) -> Iterator[tuple[str, str]]:
        """The project's own fixtures of a test: their files and names."""
        for name, definitions in getattr(item, "_fixtureinfo").name2fixturedefs.items():  # noqa: B009  pytest's own
            for each in _in_use(name, definitions):
                code = getattr(each.func, "__code__", None)
                if code and Path(code.co_filename).is_relative_to(self._root):
                    file = str(PurePath(code.co_filename).relative_to(self._root))
                    if file in self._reach:
                        yield file, each.func.__name__

    @property
    def _reach(self) -> Reach:
        return reach(self._root, tuple(self._config.getini("testpaths")), self._config.getini("visits"))


def first_unknown(files: Sequence[str], reach: Reach) -> str:
    """The first of which nothing can be said: a conftest, and what no test is seen to use; or nothing."""
    for file in files:
        if PurePath(file).name == "conftest.py" or not (file.endswith(DOCUMENTS) or file in reach.reached_by_any):
            return file
    return ""


@cache
def reach(root: Path, tests: tuple[str, ...], visits: str) -> Reach:
    files = [
        file for file in git(root, "ls-files", "-co", "--exclude-standard").splitlines() if (root / file).is_file()
    ]
    known = root / visits
    return Reach(root, files, tests, json.loads(known.read_text(encoding="utf-8")) if known.exists() else {})


def changed_files(root: Path, ref: str) -> list[str]:
    """The changed files, by name. Raises UsageError where git does not know what they are compared with."""
    base = (
        git(root, "merge-base", "HEAD", "main")
        if ref == DEFAULT
        else git(root, "rev-parse", "--verify", f"{ref}^{{commit}}")
    )
    if not base:
        raise pytest.UsageError(f"--changed: git knows no {ref} here; --changed=REF names a commit to compare with.")
    differing = git(root, "diff", "--name-only", "--no-renames", base)
    new = git(root, "ls-files", "--others", "--exclude-standard")
    return sorted({*differing.splitlines(), *new.splitlines()})


def _in_use(name: str, definitions: Sequence[pytest.FixtureDef[Any]]) -> Iterator[pytest.FixtureDef[Any]]:
    """The last definition, and those before it that are asked for by the ones that override them."""
    for each in reversed(definitions):
        yield each
        if name not in each.argnames:
            return


def _starts_programs(item: pytest.Item) -> bool:
    """By its class, its module or itself; a parameter's server is no program of the project's."""
    parents = item.parent is not None and item.parent.get_closest_marker(MARK) is not None
    return parents or any(mark.name == MARK for mark in getattr(getattr(item, "function", None), "pytestmark", []))
