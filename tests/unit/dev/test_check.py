"""`bin/test`, when it is killed, and what `bin/check` makes of several runs."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dev import check, postgres
from dev.steps import SetupError
from tests.conftest import ROOT
from tests.forge.redis_server import until

pytestmark = pytest.mark.programs

ENDLESS = """
import os
from pathlib import Path
from threading import Event

def test_does_not_end():
    Path("pid").write_text(str(os.getpid()))
    Event().wait()
"""


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class TestARunThatIsKilled:
    def test_takes_pytest_with_it(self, tmp_path: Path) -> None:
        (tmp_path / "test_endless.py").write_text(ENDLESS)
        (tmp_path / "pytest.ini").write_text("[pytest]")
        program = "import os, sys; from dev import check; check.ROOT, check.PYTHON = sys.argv[1], sys.executable; "
        command = [sys.executable, "-c", f"{program}check.pytest(['-q'], dict(os.environ))", str(tmp_path)]
        pid = tmp_path / "pid"
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as run:
            until(lambda: pid.exists() and pid.read_text(), seconds=30)
            run.send_signal(signal.SIGKILL)
        until(lambda: not is_running(int(pid.read_text())))


class TestACheck:
    @pytest.fixture(autouse=True)
    def of_sound_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(check, "prepare", lambda _lock: None)
        monkeypatch.setattr(check, "passes", lambda _name, _find: True)
        monkeypatch.setattr(check, "test", lambda _arguments: 0)

    def test_fails_when_only_postgresql_finds_something(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(check, "on_postgres", lambda: 1)
        assert check.check([]) == 1

    def test_of_some_tests_needs_no_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(check, "on_postgres", lambda: 1)
        assert check.check(["-k", "login"]) == 0

    def test_goes_on_where_there_is_no_postgresql(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def missing() -> Path:
            raise SetupError("It needs root and apt-get.")

        monkeypatch.setattr(postgres, "programs", missing)
        assert check.check([]) == 0
        assert capsys.readouterr().err == (
            "There is no PostgreSQL, and none can be installed here: the tests are run on SQLite alone.\n"
        )
