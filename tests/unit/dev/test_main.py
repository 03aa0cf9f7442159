import sys

import pytest

from dev.__main__ import main
from dev.steps import SetupError


class TestAnUnknownCommand:
    @pytest.mark.parametrize("arguments", [["chek"], ["--help"], ["two\nlines"], []])
    def test_is_refused_in_one_line(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        # Taken for bin/check, it would run these tests again.
        monkeypatch.setattr("dev.check.check", lambda arguments: 0)
        monkeypatch.setattr(sys, "argv", ["dev", *arguments])
        with pytest.raises(SetupError, match=r"^.*run, test, check, .* or .*.*\Z"):
            main()
