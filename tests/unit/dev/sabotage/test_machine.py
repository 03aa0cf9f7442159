"""What takes defences out, on a project of one file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.errors import LoginFailed
from dev.sabotage import copy
from dev.sabotage.by_hand import BY_LIST
from dev.sabotage.command import misfit, named, told, tried
from dev.sabotage.command import sabotage as bin_sabotage
from dev.sabotage.copy import Copy, lines_of
from dev.sabotage.entry import Sabotage
from dev.sabotage.record import BEGIN, END, Record, table, write_table
from dev.sabotage.trials import Trials, Verdict
from dev.sabotage.verdict import kind_of
from dev.steps import SetupError

pytestmark = pytest.mark.programs

DOOR = """
def may_enter(name):
    return name in ("Ada", "Grace")

def greeting(name):
    return f"Hello {name}"
"""
TESTS = """
import pytest
from door import may_enter

@pytest.fixture
def ada():
    may_enter("Ada")
    return "Ada"

def test_fails_anyway():
    assert not may_enter("Ada")

def test_opens_to_a_friend(ada):
    assert may_enter(ada)

def test_stays_shut_to_a_stranger():
    assert not may_enter("Mallory")
"""
GUARD = 'return name in ("Ada", "Grace")'


def sabotage(name: str, put: str, take_out: str = GUARD) -> Sabotage:
    return Sabotage(name, "door.py", take_out, put, ("test_door.py",), rule=7)


OPENED = sabotage("the door is open", "return True")
SHUT_UP = sabotage("nobody is greeted", "Go away", take_out="Hello {name}")
MOVED = sabotage("the bell is silent", "pass", take_out="ring()")
BROKEN = sabotage("the file does not import", "return None\nimport nothing_of_that_kind")
IN_ERROR = sabotage("the guard stumbles", "return name.nothing")
IN_FIXTURE = sabotage("the guard says it in a fixture", 'assert name != "Ada"; return False')


BY_HAND = [OPENED, SHUT_UP, BROKEN, IN_ERROR, IN_FIXTURE]


@dataclass(frozen=True)
class Run:
    """What came of a run over all of them."""

    project: Path
    trials: Trials
    verdicts: dict[str, Verdict]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As git tracks it, with a file that it does not."""
    if not shutil.which("git"):
        pytest.skip("there is no git")
    folder = tmp_path_factory.mktemp("project")
    for name, text in {"door.py": DOOR, "test_door.py": TESTS, "pytest.ini": "[pytest]\n"}.items():
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    (folder / "notes.txt").write_text("not tracked")
    return folder


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copy, "PYTHON", sys.executable)
        yield {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}


@pytest.fixture(scope="module")
def done(project: Path, settings: dict[str, str]) -> Run:
    trials = Trials(project, settings, depth="likely", jobs=2)
    return Run(project, trials, tried(BY_HAND, trials, Record(project)))


class TestADefenceWithATest:
    def test_is_noticed(self, done: Run) -> None:
        assert done.verdicts[OPENED.name].kind == "noticed"

    def test_is_noticed_by_a_test_that_holds_with_the_defence(self, done: Run) -> None:
        assert done.verdicts[OPENED.name].test == "test_door.py::test_stays_shut_to_a_stranger"

    def test_is_still_in_the_project(self, done: Run) -> None:
        assert (done.project / "door.py").read_text() == DOOR

    def test_leaves_no_copy_behind(self, done: Run) -> None:
        assert [path.name for path in (done.project / ".sabotage").iterdir()] == ["verdicts.jsonl"]


class TestADefenceWithoutATest:
    def test_survives(self, done: Run) -> None:
        assert done.verdicts[SHUT_UP.name].kind == "survived"


class TestAProgramThatIsBroken:
    @pytest.mark.parametrize("broken", [BROKEN, IN_ERROR, IN_FIXTURE], ids=lambda each: each.name)
    def test_is_not_noticed(self, done: Run, broken: Sabotage) -> None:
        assert done.verdicts[broken.name].kind == "error"


class TestATestThatFailsWithNothingTakenOut:
    def test_is_left_out(self, done: Run) -> None:
        assert done.trials.failing_tests == ["test_door.py::test_fails_anyway"]


class TestWhatWasFound:
    @pytest.fixture(autouse=True)
    def found(self, done: Run) -> None:
        self.known, self.project = Record(done.project).known, done.project

    def test_is_known_the_next_time(self, done: Run) -> None:
        assert self.known(BY_HAND, "likely") == done.verdicts

    def test_is_not_known_of_what_should_be_tried_against_more_tests(self) -> None:
        assert SHUT_UP.name not in self.known(BY_HAND, "unit")

    @pytest.mark.parametrize("name", ["door.py", "test_door.py"])
    def test_is_known_no_longer_when_the_code_or_its_tests_change(self, name: str) -> None:
        file = self.project / name
        source = file.read_text()
        file.write_text(f"{source}\n")
        try:
            assert Record(self.project).known(BY_HAND, "likely") == {}
        finally:
            file.write_text(source)


def verdict(of: Sabotage, kind: str) -> Verdict:
    return Verdict(of.name, kind, "test_door.py::test_stays_shut", "likely", 1.5)


class TestARun:
    @pytest.mark.parametrize(
        ("by_hand", "random", "code"),
        [("noticed", "survived", 0), ("survived", "noticed", 1), ("error", "noticed", 1), ("timeout", "noticed", 0)],
    )
    def test_fails_where_one_by_hand_was_not_noticed(self, by_hand: str, random: str, code: int) -> None:
        verdicts = {OPENED.name: verdict(OPENED, by_hand), SHUT_UP.name: verdict(SHUT_UP, random)}
        assert told([OPENED], [SHUT_UP], verdicts) == code

    def test_names_what_was_not_noticed(self, capsys: pytest.CaptureFixture[str]) -> None:
        told([OPENED], [], {OPENED.name: verdict(OPENED, "survived")})
        assert "Not noticed: the door is open\n" in capsys.readouterr().out

    def test_fails_where_one_by_hand_no_longer_fits(self) -> None:
        assert told([OPENED, MOVED], [], {OPENED.name: verdict(OPENED, "noticed")}) == 2


class TestThoseByHand:
    def test_are_chosen_by_their_list(self) -> None:
        assert named(["account"]) == [*BY_LIST["account"]]

    def test_are_chosen_by_a_part_of_their_names(self) -> None:
        assert [each.name for each in named(["stale epoch"])] == ["a stale epoch logs in"]

    def test_are_refused_where_nothing_is_called_so(self) -> None:
        with pytest.raises(SetupError):
            named(["the moon"])

    def test_are_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        bin_sabotage(["--list", "account"])
        assert capsys.readouterr().out.count("(app/") == len(BY_LIST["account"])


class TestATextThatIsGone:
    @pytest.mark.parametrize(("text", "times"), [("ring()", 0), ("name", 4)])
    def test_is_named(self, project: Path, text: str, times: int) -> None:
        gone = sabotage("the bell is silent", "pass", take_out=text)
        expected = f"No longer fits the code: the bell is silent: its text is in door.py {times} times, not once"
        assert misfit(project, gone) == expected


class TestACopy:
    @pytest.fixture(autouse=True)
    def copied(self, project: Path, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("copy")
        self.copy = Copy(project, self.folder, settings)

    def test_holds_what_git_tracks_alone(self) -> None:
        assert {path.name for path in self.folder.iterdir()} == {
            "door.py",
            "test_door.py",
            "pytest.ini",
            "sabotage_verdict.py",
        }

    def test_is_whole_again_after_a_trial_that_failed(self) -> None:
        with pytest.raises(KeyboardInterrupt), self.copy.without(OPENED):
            raise KeyboardInterrupt
        assert (self.folder / "door.py").read_text() == DOOR

    def test_gives_tests_that_hang_so_much_time(self) -> None:
        (self.folder / "test_door.py").write_text("import threading\n\ndef test_hangs(): threading.Event().wait()\n")
        assert self.copy.outcome(["test_door.py"], 2).kind == "timeout"


class TestWhatATestFailedBy:
    @pytest.mark.parametrize(
        ("error", "phase", "kind"),
        [
            (AssertionError(), "call", "noticed"),
            (pytest.fail.Exception("DID NOT RAISE <class 'KeyError'>"), "call", "noticed"),
            (pytest.fail.Exception("Timeout (>60.0s) from pytest-timeout."), "call", "timeout"),
            (LoginFailed(), "call", "noticed"),
            (KeyError("Set-Cookie"), "call", "error"),
            (TimeoutError(), "call", "error"),
            (AssertionError(), "setup", "error"),
        ],
    )
    def test_is_its_verdict_or_none(self, error: BaseException, phase: str, kind: str) -> None:
        assert kind_of(error, phase) == kind

    def test_is_its_verdict_when_the_browser_waited_in_vain(self) -> None:
        from playwright.sync_api import TimeoutError as WaitedInVain

        assert kind_of(WaitedInVain("Timeout 5000ms exceeded."), "call") == "noticed"


class TestTheTable:
    ROW = "| the door is open | 7 | `door.py` | `test_door.py` TestADoor, test_stays_shut |"

    OF_THE_BELL = "| the bell is silent | 7 | `door.py` |"

    @pytest.fixture(autouse=True)
    def told(self) -> None:
        test = "test_door.py::TestADoor::test_stays_shut[a|b]"
        self.verdicts = {OPENED.name: Verdict(OPENED.name, "noticed", test, "likely", 1.5)}

    def rows(self, before: str = "") -> list[str]:
        return table([OPENED, MOVED], self.verdicts, before).splitlines()[2:]

    def test_names_the_test_without_its_parameters(self) -> None:
        assert self.rows()[0] == self.ROW

    def test_says_what_was_not_tried(self) -> None:
        assert self.rows()[1] == f"{self.OF_THE_BELL} **not tried** |"

    def test_keeps_what_was_found_before_of_what_was_not_tried_now(self) -> None:
        before = f"{self.OF_THE_BELL} `test_door.py` TestABell, test_rings |"
        assert self.rows(before) == [self.ROW, before]

    def test_takes_the_place_of_the_one_before(self, tmp_path: Path) -> None:
        document = tmp_path / "testing.md"
        document.write_text(f"# Testing\n\n{BEGIN}\n\nold\n\n{END}\n\nMore.\n")
        write_table(document, [OPENED], self.verdicts)
        rows = table([OPENED], self.verdicts)
        assert document.read_text() == f"# Testing\n\n{BEGIN}\n\n{rows}\n\n{END}\n\nMore.\n"

    def test_goes_nowhere_else(self, tmp_path: Path) -> None:
        (tmp_path / "testing.md").write_text("# Testing\n")
        with pytest.raises(SetupError):
            write_table(tmp_path / "testing.md", [OPENED], self.verdicts)


class TestAReportThatWasCutOff:
    def test_counts_as_far_as_it_goes(self, tmp_path: Path) -> None:
        (tmp_path / "report").write_text('{"test": "a"}\n{"tes')
        assert lines_of(tmp_path / "report") == [{"test": "a"}]

    def test_that_was_never_begun_is_empty(self, tmp_path: Path) -> None:
        assert lines_of(tmp_path / "report") == []
