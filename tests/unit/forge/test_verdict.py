"""The verdict of a run, of one that is tried again, and of shards that are merged."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest

from tests.forge.plugin import repetitions
from tests.forge.quarantine import quarantined
from tests.forge.report import folder, html, junit, results, verdict
from tests.forge.report.results import Attempt, Journal, Run
from tests.forge.shards import part, shard
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import SETTINGS, run

pytestmark = pytest.mark.programs

FLAKY = """
def test_passes_alone(request):
    assert request.config.getoption("--trying-again")

def test_passes():
    pass
"""
FAILING = """
import pytest

def test_fails():
    print("before the fall")
    raise ValueError("spilt")

def test_is_skipped():
    pytest.skip("not today")

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False
"""
QUARANTINED = """
class TestAPart:
    def test_may_fail(self):
        assert False
"""
FILES = {"test_flaky.py": FLAKY, "test_failing.py": FAILING, "test_quarantined.py": QUARANTINED}
ENTRY = """
[[test]]
id = "{id}"
owner = "Ada"
reason = "the part is late"
until = {until}
"""
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)

NewProject = Callable[..., Path]


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """A project with the harness and those tests, as named in FILES."""

    def make(*names: str) -> Path:
        folder = tmp_path_factory.mktemp("project")
        settings = f'{SETTINGS}quarantine = "quarantine.toml"\n'
        return beside(folder, {"pyproject.toml": settings, **{name: FILES[name] for name in names}})

    return make


def told(attempts: dict[str, list[Attempt]]) -> dict[str, list[tuple[str, bool]]]:
    return {test: [(attempt.status, attempt.ok) for attempt in each] for test, each in attempts.items()}


@pytest.fixture(scope="module")
def done(new_project: NewProject) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The results of a run of all of them, and what it said."""
    project = new_project(*FILES)
    (project / "quarantine.toml").write_text(ENTRY.format(id="test_quarantined.py::TestAPart", until=TOMORROW))
    return project / "test-results", run(project, "-n2", f"--junit-xml={project / 'pytest.xml'}")


class TestARunOfWhichEverythingFailed:
    def test_has_failed(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        assert done[1].returncode == verdict.FAILED

    def test_tries_each_failure_once_more(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        assert told(results.read(done[0]).tests()) == {
            "test_flaky.py::test_passes_alone": [("failed", False), ("passed", True)],
            "test_flaky.py::test_passes": [("passed", True)],
            "test_failing.py::test_fails": [("failed", False), ("failed", False)],
            "test_failing.py::test_is_skipped": [("skipped", True)],
            "test_failing.py::test_is_expected_to_fail": [("failed", True)],
            "test_quarantined.py::TestAPart::test_may_fail": [("failed", False)],
        }

    def test_counts_the_flaky_and_the_quarantined_apart(
        self, done: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 flaky, 1 quarantined" in done[1].stdout

    def test_names_the_flaky(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        assert "Flaky: failed, and passed alone: test_flaky.py::test_passes_alone: AssertionError" in done[1].stdout

    def test_shows_the_line_that_failed(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        first, _ = results.read(done[0]).tests()["test_failing.py::test_fails"]
        [error] = first.errors
        assert error.startswith("ValueError: spilt")
        assert '>    6 |     raise ValueError("spilt")' in error
        assert error.endswith("at test_failing.py:6")

    def test_keeps_what_was_printed(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        first, _ = results.read(done[0]).tests()["test_failing.py::test_fails"]
        assert {"name": "stdout", "contentType": "text/plain", "body": "before the fall\n"} in first.attachments

    def test_has_the_folder_of_the_failure(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        first, _ = results.read(done[0]).tests()["test_failing.py::test_fails"]
        assert {"error.txt", "repeat.sh"} <= {each["name"] for each in first.attachments}

    def test_tells_the_flaky_in_junit(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        cases = parse(done[0] / "junit.xml").iter("testcase")  # noqa: S314  a file of ours
        found = {case.attrib["name"]: [each.tag for each in case] for case in cases}
        assert (found["test_passes_alone"], found["test_fails"], found["test_is_expected_to_fail"]) == (
            ["flakyFailure"],
            ["failure"],
            [],
        )

    def test_leaves_the_junit_of_pytest_as_it_is(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        cases = parse(done[0].parent / "pytest.xml").iter("testcase")  # noqa: S314  a file of ours
        assert "test_passes" in {case.attrib["name"] for case in cases}

    def test_sums_up_for_the_page_of_a_ci(self, done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        first, *_ = (done[0] / "summary.md").read_text().splitlines()
        assert first.startswith("### 1 failed, 1 flaky, 1 quarantined, 2 passed, 1 skipped in ")


class TestARunWithAFileThatCannotBeRead:
    @pytest.mark.parametrize("options", [["-n1"], ["-n0"]], ids=["in parallel", "alone"])
    def test_does_not_pass(self, new_project: NewProject, options: list[str]) -> None:
        project = new_project("test_flaky.py")
        (project / "test_broken.py").write_text("import nothing_of_that_name")
        told = run(project, *options, "-k", "test_passes and not alone or broken")
        assert told.returncode in (verdict.FAILED, pytest.ExitCode.INTERRUPTED)
        assert "test_broken.py" in results.read(project / "test-results").tests()


class TestAnOutcome:
    def test_of_a_test_that_was_skipped_when_it_was_tried_again_is_no_pass(self) -> None:
        skipped = replace(attempt("t.py::test_a"), status="skipped")
        assert results.outcome([attempt("t.py::test_a", ok=False), skipped]) == "unexpected"

    def test_of_a_failure_that_no_test_explains_is_a_failure(self) -> None:
        assert verdict.exit_code(a_run(attempt("t.py::test_a")), verdict.FAILED) == verdict.FAILED

    def test_of_no_test_at_all_is_no_pass(self) -> None:
        assert verdict.exit_code(a_run(), verdict.OK) == verdict.NOTHING


class TestAskingForHelp:
    def test_leaves_the_last_results_alone(self, new_project: NewProject) -> None:
        project = new_project()
        (project / "test-results").mkdir()
        (project / "test-results/results.jsonl").touch()
        run(project, "--help")
        assert (project / "test-results/results.jsonl").exists()


class TestAnOutputThatIsInUse:
    @pytest.fixture
    def refused(self, new_project: NewProject) -> tuple[Path, subprocess.CompletedProcess[str]]:
        project = new_project("test_flaky.py")
        output = project / "test-results"
        output.mkdir()
        (output / "results.jsonl").touch()
        held = os.open(output, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        told = run(project)
        os.close(held)
        return output, told

    def test_is_left_to_the_run_that_has_it(self, refused: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        output, told = refused
        assert (told.returncode, (output / "results.jsonl").exists()) == (pytest.ExitCode.USAGE_ERROR, True)
        assert f"Another run is using {output}" in told.stderr


class TestAnOutputThatCannotBeWritten:
    def test_is_refused_in_one_line(self, new_project: NewProject) -> None:
        project = new_project("test_flaky.py")
        (project / "test-results").touch()
        told = run(project)
        assert "test-results: File exists." in told.stderr
        assert "Traceback" not in told.stderr


class TestATestThatIsNotThere:
    def test_is_named_before_anything_is_lost(self, new_project: NewProject) -> None:
        project = new_project()
        (project / "test-results").mkdir()
        (project / "test-results/results.jsonl").touch()
        told = run(project, "test_nosuch.py::test_a", "-n1")
        assert (told.returncode, "There is no test_nosuch.py." in told.stderr) == (pytest.ExitCode.USAGE_ERROR, True)
        assert (project / "test-results/results.jsonl").exists()

    def test_in_a_file_that_is_there_is_missed(self, new_project: NewProject) -> None:
        told = run(new_project("test_flaky.py"), "test_flaky.py::test_nosuch", "-n1")
        assert "No test is called so" in told.stdout


class TestAnOutputThatHoldsTheProject:
    def test_is_not_emptied(self, new_project: NewProject) -> None:
        project = new_project("test_flaky.py")
        told = run(project, "--output=..")
        assert (told.returncode, (project / "test_flaky.py").exists()) == (pytest.ExitCode.USAGE_ERROR, True)


class TestARunWithAFlakyTest:
    def test_says_so_by_its_exit_code(self, new_project: NewProject) -> None:
        assert run(new_project("test_flaky.py")).returncode == verdict.FLAKY

    @pytest.mark.parametrize(("budget", "code"), [(0, verdict.FLAKY), (1, verdict.OK)])
    def test_passes_within_its_budget(self, budget: int, code: int) -> None:
        flaky = a_run(attempt("t.py::test_a", ok=False), attempt("t.py::test_a"), budget=budget)
        assert verdict.exit_code(flaky, verdict.FAILED) == code

    def test_is_not_tried_again_by_somebody_who_wants_the_first_failure(self, new_project: NewProject) -> None:
        assert run(new_project("test_flaky.py"), "-x", "--repeat-each", "3").returncode == verdict.FAILED


class TestATestThatIsRepeated:
    def test_is_a_test_each_time(self, new_project: NewProject) -> None:
        assert "6 passed" in run(new_project("test_flaky.py"), "--repeat-each", "6", "-k", "test_passes[").stdout

    @pytest.mark.parametrize("times", ["0", "-3", "often"])
    def test_is_repeated_a_number_of_times(self, times: str) -> None:
        with pytest.raises(ArgumentTypeError, match="is no number of times"):
            repetitions(times)


class TestAQuarantine:
    @pytest.fixture(autouse=True)
    def without_a_base(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GITHUB_BASE_REF", raising=False)

    def test_excuses_until_its_day(self, tmp_path: Path) -> None:
        (tmp_path / "quarantine.toml").write_text(ENTRY.format(id="test_a.py::test_b", until=TOMORROW))
        assert [entry.id for entry in quarantined(tmp_path, "quarantine.toml")] == ["test_a.py::test_b"]

    def test_ends_the_run_after_its_day(self, tmp_path: Path) -> None:
        (tmp_path / "quarantine.toml").write_text(ENTRY.format(id="test_a.py::test_b", until="2026-01-31"))
        with pytest.raises(pytest.UsageError, match=r"test_a.py::test_b was to be mended by 2026-01-31 \(Ada: "):
            quarantined(tmp_path, "quarantine.toml")

    @pytest.mark.parametrize(
        "text", ['[[test]]\nid = "a"', ENTRY.format(id="", until=TOMORROW), ENTRY.format(id="a", until='"soon"')]
    )
    def test_lacks_nothing(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "quarantine.toml").write_text(text)
        with pytest.raises(pytest.UsageError, match=r"quarantine.toml: each \[\[test\]\] needs id, owner, reason"):
            quarantined(tmp_path, "quarantine.toml")

    def test_has_nothing_but_tests(self, tmp_path: Path) -> None:
        (tmp_path / "quarantine.toml").write_text(ENTRY.format(id="a", until=TOMORROW).replace("test]]", "tests]]"))
        with pytest.raises(pytest.UsageError, match=r"quarantine.toml: an entry is a \[\[test\]\], and not tests"):
            quarantined(tmp_path, "quarantine.toml")

    def test_of_a_pull_request_is_the_one_of_its_base(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "quarantine.toml").write_text(ENTRY.format(id="test_base.py", until=TOMORROW))
        by = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        for command in (["init", "-q"], ["add", "."], [*by, "commit", "-qm", "Base"]):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=tmp_path, check=True)
        (tmp_path / "quarantine.toml").write_text(ENTRY.format(id="test_mine.py", until=TOMORROW))
        monkeypatch.setenv("GITHUB_BASE_REF", "main")
        assert [entry.id for entry in quarantined(tmp_path, "quarantine.toml")] == ["test_base.py"]

    @pytest.mark.parametrize(
        ("named", "excused"),
        [("t.py::T::test_a", True), ("t.py::T", True), ("t.py", True), ("t.py::T::test", False), ("u.py", False)],
    )
    def test_names_a_test_a_class_or_a_file(self, named: str, excused: bool) -> None:
        failed = a_run(attempt("t.py::T::test_a", ok=False), quarantined=[named])
        assert verdict.quarantined(failed) == (["t.py::T::test_a"] if excused else [])


class TestShards:
    def test_are_all_the_tests_and_each_once(self) -> None:
        files = {f"test_{name}.py": 3 for name in "abcdefg"}
        parts = [part(files, number, 3, {}) for number in (1, 2, 3)]
        assert sorted(file for each in parts for file in each) == sorted(files)

    def test_take_about_as_long_as_each_other(self) -> None:
        seconds = {"a": 60.0, "b": 30.0, "c": 20.0, "d": 10.0}
        assert part(dict.fromkeys(seconds, 1), 1, 2, seconds) == {"a"}

    def test_reckon_with_files_that_are_new(self) -> None:
        assert part({"a": 10, "b": 10, "new": 20}, 1, 2, {"a": 5.0, "b": 5.0}) == {"new"}

    @pytest.mark.parametrize("asked", ["0/2", "3/2", "2", "x/y"])
    def test_are_asked_for_by_number(self, asked: str) -> None:
        with pytest.raises(ArgumentTypeError, match="is no part"):
            shard(asked)

    def test_that_cannot_be_are_refused(self, new_project: NewProject) -> None:
        refused = run(new_project("test_flaky.py"), "--shard", "3/2")
        assert (refused.returncode, "'3/2' is no part; 2/5 is the second of five" in refused.stderr) == (4, True)


class TestMergedShards:
    @pytest.fixture(scope="class")
    @classmethod
    def project(cls, done: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
        project = done[0].parent
        for number in (1, 2):
            run(project, f"--shard={number}/2", f"--output=part-{number}")
        return project

    def merge(self, project: Path, *folders: str, into: str = "merged") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "forge.report", "merge", *folders, "--into", into]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)

    def test_are_the_same_tests_as_one_run(self, project: Path) -> None:
        self.merge(project, "part-1", "part-2")
        merged, whole = results.read(project / "merged"), results.read(project / "test-results")
        assert told(dict(sorted(merged.tests().items()))) == told(dict(sorted(whole.tests().items())))

    def test_have_the_same_verdict_as_one_run(self, project: Path) -> None:
        assert self.merge(project, "part-1", "part-2").returncode == results.read(project / "test-results").exit

    def test_fail_when_one_is_missing(self, project: Path) -> None:
        told = self.merge(project, "part-1")
        assert (told.returncode, "Shard 2/2 is missing." in told.stdout) == (1, True)

    def test_fail_when_one_is_there_twice(self, project: Path) -> None:
        shutil.copytree(project / "part-2", project / "copied")
        told = self.merge(project, "part-1", "part-2", "copied")
        assert (told.returncode, "is in several of the folders." in told.stdout) == (1, True)

    def test_are_not_written_over(self, project: Path) -> None:
        told = self.merge(project, "part-1", "part-2", into="part-1")
        assert (told.returncode, "part-1 is one of those to be merged" in told.stderr) == (1, True)

    def test_fail_when_one_was_cut_off(self, project: Path) -> None:
        shutil.copytree(project / "part-2", project / "cut-off")
        whole = (project / "cut-off/results.jsonl").read_text()
        (project / "cut-off/results.jsonl").write_text(whole[:-3])
        told = self.merge(project, "part-1", "cut-off")
        assert (told.returncode, "cut-off was cut off: it has no end." in told.stdout) == (1, True)


class TestAReportThatIsNotAsExpected:
    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "package"
        shutil.copytree(html.DRIVER / "lib/vite/htmlReport", package / "lib/vite/htmlReport")
        (package / "package.json").write_text(json.dumps({"version": "9.0.0"}))
        monkeypatch.setattr(html, "DRIVER", package)

    def test_is_one_sentence(self, tmp_path: Path) -> None:
        [sentence] = folder.write(a_run(attempt("t.py::test_a", browser="chromium")), tmp_path)
        assert sentence.startswith("The report of Playwright 9.0.0 is not known here. The results are in ")

    def test_leaves_the_rest(self, tmp_path: Path) -> None:
        folder.write(a_run(attempt("t.py::test_a", browser="chromium")), tmp_path)
        assert (tmp_path / "junit.xml").exists()


class TestWhatXmlCannotHold:
    def test_is_a_question_mark_in_junit(self, tmp_path: Path) -> None:
        junit.write(a_run(attempt("t.py::test_a", ok=False, errors=["a\x1bb\x00"])), tmp_path / "junit.xml")
        [failure] = parse(tmp_path / "junit.xml").iter("failure")  # noqa: S314  a file of ours
        assert failure.text == "a?b?"


class TestResults:
    def test_are_read_as_they_were_written(self, tmp_path: Path) -> None:
        written = a_run(attempt("t.py::test_a", ok=False, errors=["no"]), shard=2, shards=5)
        written.exit = 1
        journal = Journal(tmp_path, written)
        for each in written.attempts:
            journal.add(each)
        journal.end(written)
        assert results.read(tmp_path) == written

    def test_of_a_run_that_was_cut_off_are_there(self, tmp_path: Path) -> None:
        written = a_run(attempt("t.py::test_a"))
        journal = Journal(tmp_path, written)
        journal.add(written.attempts[0])
        journal.close()
        assert results.read(tmp_path) == written


def a_run(*attempts: Attempt, **changes: Any) -> Run:
    return Run(start=0.0, attempts=list(attempts), **changes)


def attempt(test: str, *, ok: bool = True, browser: str = "", errors: list[str] | None = None) -> Attempt:
    file, _, title = test.partition("::")
    return Attempt(
        test=test,
        file=file,
        line=1,
        classes=[],
        title=title,
        browser=browser,
        start=0.0,
        duration=0.0,
        status="passed" if ok else "failed",
        ok=ok,
        tags=[],
        errors=errors or [],
        steps=[],
        attachments=[],
        annotations=[],
        visited=[],
    )
