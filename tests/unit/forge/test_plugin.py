"""The harness as somebody takes it: its folder, copied beside an app, run by a pytest of its own."""

import gc
import os
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from tests.unit.forge.copied import beside

pytestmark = pytest.mark.programs

APP = """
from flask import Flask, abort, redirect, session
app = Flask(__name__)
app.secret_key = "small"
@app.get("/")
def home():
    return f"<h1>Hello {session['user']}</h1><input name=title><button>Save</button>" if session else abort(401)
@app.get("/moved")
def moved():
    return redirect("/")
@app.patch("/name")
def rename():
    return {"name": "Ada"}
@app.get("/broken")
def broken():
    raise ValueError("spilt")
"""
CONFTEST = """
import pytest
from forge.project import Project
from forge.server import gunicorn
from small import app

@pytest.fixture(scope="session")
def project():
    return Project(app=app, login=lambda session, user: session.update(user=user), serve=gunicorn("small:app"))
"""
TESTS = """
import sys

def test_logs_in(page):
    page.login("Grace")
    assert page.get_contents_of("h1") == "Hello Grace"

def test_needs_nothing_of_the_blog(page):
    assert not [name for name in sys.modules if name.partition(".")[0] in ("app", "dev", "tests")]

def test_follows_a_redirect_as_somebody(client_for):
    assert client_for("Grace").get("/moved").status == 200

def test_sends_a_patch(page):
    page.login("Grace")
    assert page.exec_requests([{"method": "patch", "path": "/name"}]) == [{"name": "Ada"}]

def test_meets_a_renamed_button(page):
    page.login("Grace")
    page.submit("Store", title="First light")

def test_leaves_a_500_behind(page):
    page.goto("/broken")

def test_asks_an_outside_host(page):
    page.login("Grace")
    page.evaluate("fetch('http://outside.invalid/pixel').catch(() => null)")

def test_reads_what_is_no_json(page):
    page.login("Grace")
    page.get("/")

def test_meets_another_status(page):
    page.login("Grace")
    page.exec_requests([{"method": "post", "path": "/", "status": 201}])
"""
SETTINGS = '[tool.pytest.ini_options]\naddopts = ["-p", "forge.plugin"]\npythonpath = ["."]\n'
SCREEN = 50
# faker makes itself ready in every run, asked or not.
WITHOUT = [option for plugin in ("randomly", "cacheprovider", "faker") for option in ("-p", f"no:{plugin}")]
# What a run reads of the machine that it is on, and of the run that this test belongs to.
HIDDEN = (
    *("DISPLAY", "WAYLAND_DISPLAY", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"),
    *("CI", "FORGE_COMMAND", "GITHUB_BASE_REF", "GITHUB_STEP_SUMMARY"),
)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied")
    files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": TESTS, "pyproject.toml": SETTINGS}
    beside(folder, files)
    return folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    command = [sys.executable, "-m", "pytest", "-q", *WITHOUT, *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class TestTheFolderCopiedBesideAnApp:
    @pytest.fixture(scope="class")
    @classmethod
    def cases(cls, copied: Path) -> dict[str, Element]:
        run(copied, "--trying-again", "--junit-xml=report.xml", "-o", "junit_logging=all")
        found = parse(copied / "report.xml").iter("testcase")  # noqa: S314  a file of ours
        return {case.attrib["name"].removesuffix("[chromium]"): case for case in found}

    def failure(self, cases: dict[str, Element], name: str) -> str:
        """What the test's one verdict says."""
        [verdict] = [each for each in cases[name] if each.tag in ("failure", "error", "skipped")]
        assert verdict.tag == "failure"
        return str(verdict.text)

    @pytest.mark.parametrize(
        "name",
        [
            "test_logs_in",
            "test_needs_nothing_of_the_blog",
            "test_follows_a_redirect_as_somebody",
            "test_sends_a_patch",
        ],
    )
    def test_drives_it(self, cases: dict[str, Element], name: str) -> None:
        assert [each for each in cases[name] if each.tag in ("failure", "error")] == []

    def test_names_a_button_that_is_not_there(self, cases: dict[str, Element]) -> None:
        assert 'waiting for get_by_role("button", name="Store")' in self.failure(cases, "test_meets_a_renamed_button")

    def test_shows_the_tests_own_frames_on_one_screen(self, cases: dict[str, Element]) -> None:
        shown = self.failure(cases, "test_meets_a_renamed_button")
        assert len(shown.splitlines()) < SCREEN
        assert "/playwright/" not in shown

    def test_does_not_wait_for_long(self, cases: dict[str, Element]) -> None:
        assert "Timeout 5000ms exceeded" in self.failure(cases, "test_meets_a_renamed_button")

    def test_blames_a_test_for_what_it_leaves_behind(self, cases: dict[str, Element]) -> None:
        assert "500 from http://localhost" in self.failure(cases, "test_leaves_a_500_behind")

    def test_stops_and_names_a_request_to_an_outside_host(self, cases: dict[str, Element]) -> None:
        shown = self.failure(cases, "test_asks_an_outside_host")
        assert "request to an outside host: http://outside.invalid/pixel" in shown
        assert "ERR_PROXY_CONNECTION_FAILED" in shown

    def test_says_what_answered_without_json(self, cases: dict[str, Element]) -> None:
        assert "GET / answered 200: <h1>Hello Grace</h1>" in self.failure(cases, "test_reads_what_is_no_json")

    def test_says_what_answered_with_another_status(self, cases: dict[str, Element]) -> None:
        assert "POST / answered 405" in self.failure(cases, "test_meets_another_status")


class TestAnOptionThatCannotBe:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["--headed"], "A browser with a window needs a display, and there is none"),
            (["--device", "iPhon 13"], "--device iPhon 13 is not known; did you mean iPhone 13"),
            (["--connect", "ws://127.0.0.1:9/"], "--connect: no browser answers there"),
            (["--nonsense"], "unrecognized arguments: --nonsense; --help says what there is."),
            (["--browser", "netscape"], "argument --browser: invalid choice: 'netscape'"),
        ],
        ids=["--headed", "--device", "--connect", "unknown", "wrong"],
    )
    def test_is_refused_in_one_sentence(self, copied: Path, options: list[str], sentence: str) -> None:
        told = run(copied, *options)
        assert (told.returncode, told.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
        [line] = told.stderr.strip().splitlines()
        assert line.startswith(f"ERROR: {sentence}")


OF_EACH_KIND = """
import pytest

def test_asks_a_page(page):
    pass

@pytest.mark.programs
def test_starts_a_program():
    pass

def test_asks_for_what_is_slow(slow):
    pass

def test_is_quick():
    pass
"""


class TestTheFastTests:
    def test_are_those_without_a_browser_or_another_program(self, copied: Path) -> None:
        (copied / "of_each_kind.py").write_text(OF_EACH_KIND)
        told = run(copied, "of_each_kind.py", "--fast", "--collect-only", "-o", "slow_fixtures=slow")
        assert told.stdout.splitlines()[0] == "of_each_kind.py::test_is_quick"


DOWNLOADING = """
import os
import signal
import pytest
from playwright.sync_api import Error
from forge import browsers

limits = []

def downloaded(name):
    # What a test may still take; nothing, when nobody counts.
    limits.append(signal.getitimer(signal.ITIMER_REAL)[0])
    return True

@pytest.fixture(scope="session")
def launch_browser(launch_browser):
    def launch():
        if not limits:
            os.environ.pop("FORGE_BROWSER", None)
            raise Error("Executable doesn't exist")
        return launch_browser()

    browsers._installed = downloaded
    return launch

def test_waits_for_its_browser(page):
    assert limits == [0]
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
"""


class TestABrowserThatIsDownloaded:
    def test_takes_no_time_from_the_test_that_asked_for_it(self, copied: Path) -> None:
        (copied / "downloading.py").write_text(DOWNLOADING)
        told = run(copied, "downloading.py")
        assert told.returncode == 0, told.stdout


class TestARun:
    def test_looks_for_no_garbage_in_what_was_imported_and_collected(self) -> None:
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
