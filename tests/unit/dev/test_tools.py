import pytest

from dev import tools


class TestTheSearchForABrowser:
    def test_says_what_is_going_on_before_it_tries_any(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(tools, "browsers", lambda: pytest.exit("tried one"))
        with pytest.raises(pytest.exit.Exception):
            tools.working_browser()
        assert capsys.readouterr().err == "Looking for a browser that works, once …\n"
