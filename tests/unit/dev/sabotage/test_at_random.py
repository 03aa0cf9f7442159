"""Changes at random places of the app."""

from pathlib import Path

import pytest

from dev.sabotage.at_random import at_random

GUARD = """
def guard(visitor, age: int = 0) -> bool:
    if not visitor or age < 18:
        raise PermissionError(f"{age} is {not age}")
    return True
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app/auth").mkdir(parents=True)
    (tmp_path / "app/auth/guard.py").write_text(GUARD)
    return tmp_path


class TestTheChangesOfAGuard:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("not visitor or age < 18", "(not (not visitor or age < 18))"),
            ("not visitor or age < 18", "(not visitor and age < 18)"),
            ("not visitor", "(visitor)"),
            ("age < 18", "(age <= 18)"),
            ("18", "(18 + 1)"),
            ("return True", "return False"),
            ("return True", "return None"),
            ('raise PermissionError(f"{age} is {not age}")', "pass"),
            ('if not visitor or age < 18:\n        raise PermissionError(f"{age} is {not age}")', "pass"),
        ],
    )
    def test_are_among_these(self, root: Path, old: str, new: str) -> None:
        assert GUARD.replace(old, new, 1) in {each.put for each in at_random(root, 1000, 1)}

    def test_leave_something_else_each(self, root: Path) -> None:
        assert GUARD not in {each.put for each in at_random(root, 1000, 1)}

    def test_are_the_same_for_the_same_seed(self, root: Path) -> None:
        assert at_random(root, 5, 7) == at_random(root, 5, 7)

    def test_are_others_for_another(self, root: Path) -> None:
        assert at_random(root, 5, 7) != at_random(root, 5, 8)

    def test_are_as_many_as_were_asked_for(self, root: Path) -> None:
        assert len({each.name for each in at_random(root, 5, 7)}) == 5
