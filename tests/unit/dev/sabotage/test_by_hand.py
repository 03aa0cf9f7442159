"""The list by hand fits the code as it is, so that a change of the code is told at once and not by night."""

import ast
from collections import Counter

from dev.sabotage.by_hand import BY_HAND
from dev.sabotage.command import misfit
from tests.conftest import ROOT

# Those that the app keeps.
RULES = {*range(1, 57)}


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).exists() and (not name or f"class {name}:" in (ROOT / path).read_text())


class TestTheList:
    def test_fits_the_code(self) -> None:
        assert [problem for each in BY_HAND if (problem := misfit(ROOT, each))] == []

    def test_names_tests_that_are_there(self) -> None:
        assert [each.name for each in BY_HAND if not all(is_there(test) for test in each.tests)] == []

    def test_leaves_code_that_can_be_read(self) -> None:
        for each in BY_HAND:
            if each.file.endswith(".py"):
                ast.parse(each.applied_to((ROOT / each.file).read_text()))

    def test_has_something_for_each_rule(self) -> None:
        assert RULES - {each.rule for each in BY_HAND} == set()

    def test_has_no_name_twice(self) -> None:
        assert [name for name, count in Counter(each.name for each in BY_HAND).items() if count > 1] == []
