"""Tests that only look, as somebody takes them: what they share, and what they leave when one fails."""

import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from tests.unit.forge.copied import beside
from tests.unit.forge.test_evidence import texts
from tests.unit.forge.test_plugin import APP, CONFTEST, SETTINGS, run

# Runs within runs, each with a server and a browser of its own.
pytestmark = [pytest.mark.programs, pytest.mark.timeout(240)]

VISITOR = """
import pytest

class Visitor:
    @pytest.fixture(autouse=True)
    def logged_in(self, page, request, session_factory):
        page.login("Grace")
        with open("canaries", "a") as canaries:
            print(session_factory.minted[-1], file=canaries)
        self.heading = page.get_contents_of("h1")
        with open("visits", "a") as visits:
            print(type(self).__name__, request.node.name, file=visits)
"""
PASSING = f"""{VISITOR}
class TestAPage(Visitor):
    def test_acts(self, page):
        page.get_by_role("textbox").fill("typed")

    def test_acts_too(self, page):
        assert page.get_by_role("textbox").input_value() == ""
        page.get_by_role("textbox").fill("typed")

    @pytest.mark.looks
    def test_looks(self, page):
        assert page.get_contents_of("h1") == self.heading

    @pytest.mark.looks
    def test_looks_too(self, page):
        assert self.heading == "Hello Grace"

    class TestWithin(Visitor):
        def test_acts(self, page):
            page.reload()

@pytest.mark.looks
@pytest.mark.parametrize("name", ["Ada", "Hedy"])
class TestSomebody:
    @pytest.fixture(autouse=True)
    def logged_in(self, page, name):
        page.login(name)

    def test_is_greeted(self, page, name):
        assert page.get_contents_of("h1") == f"Hello {{name}}"

    def test_is_greeted_again(self, page, name):
        assert page.get_contents_of("h1") == f"Hello {{name}}"
"""
FAILING = f"""{VISITOR}
@pytest.mark.looks
class TestOfWhichSomeFail(Visitor):
    def test_a_passes(self, page):
        pass

    def test_b_fails(self, page):
        assert page.get_contents_of("h1") == "Hello Ada"

    def test_c_passes(self, page):
        pass

    def test_d_leaves_a_problem(self, page):
        page.evaluate("console.error('spilt')")

    def test_e_passes(self, page):
        pass

@pytest.mark.looks
class TestThatActs(Visitor):
    def test_clicks(self, page):
        page.get_by_role("button").click()

    def test_goes(self, page):
        page.goto("/moved")

    def test_logs_in(self, page):
        page.login("Ada")

    def test_submits(self, page):
        page.submit("Save", title="typed")

    def test_presses(self, page):
        page.keyboard.press("Enter")

    def test_posts(self, page):
        page.post("/", {{}})

    def test_sends(self, page):
        page.request.post("/")
"""


class Run:
    def __init__(self, folder: Path, tests: str, *options: str) -> None:
        files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": tests, "pyproject.toml": SETTINGS}
        self.folder = beside(folder, files)
        run(folder, "--junit-xml=report.xml", *options)
        self.visits = (folder / "visits").read_text().splitlines()
        self._cases = [*parse(folder / "report.xml").iter("testcase")]  # noqa: S314  a file of ours

    def names(self, of: str) -> list[str]:
        """The tests of that class, in the order in which they ran."""
        return [_name(case) for case in self._cases if case.attrib["classname"].endswith(f".{of}")]

    def failures(self) -> dict[str, str]:
        failed = [(case, each) for case in self._cases for each in case if each.tag in ("failure", "error")]
        return {_name(case): str(each.text) for case, each in failed}

    def left(self) -> dict[str, Path]:
        return {folder.name: folder for folder in (self.folder / "test-results").glob("test-small-py-*")}


def _name(case: Element) -> str:
    return case.attrib["name"].removesuffix("[chromium]")


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("passing"), PASSING, "--evidence=all")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    recorded = ("--tracing=retain-on-failure", "--screenshot=only-on-failure", "--trying-again")
    return Run(tmp_path_factory.mktemp("failing"), FAILING, *recorded)


class TestTestsThatOnlyLook:
    def test_pass(self, passing: Run) -> None:
        assert passing.failures() == {}

    def test_come_before_those_that_act(self, passing: Run) -> None:
        assert passing.names("TestAPage") == ["test_looks", "test_looks_too", "test_acts", "test_acts_too"]

    def test_share_their_visit_with_one_that_acts(self, passing: Run) -> None:
        assert passing.visits == [
            "TestAPage test_looks[chromium]",
            "TestAPage test_acts_too[chromium]",
            "TestWithin test_acts[chromium]",
        ]

    def test_leave_a_trace_each_if_all_evidence_is_kept(self, passing: Run) -> None:
        assert {name for name, folder in passing.left().items() if not (folder / "trace.zip").exists()} == set()


class TestAVisit:
    def test_ends_with_a_test_that_fails(self, failing: Run) -> None:
        assert [visit for visit in failing.visits if "SomeFail" in visit] == [
            "TestOfWhichSomeFail test_a_passes[chromium]",
            "TestOfWhichSomeFail test_c_passes[chromium]",
            "TestOfWhichSomeFail test_e_passes[chromium]",
        ]

    def test_blames_a_problem_on_one_test(self, failing: Run) -> None:
        assert [name for name, told in failing.failures().items() if "console error: spilt" in told] == [
            "test_d_leaves_a_problem"
        ]


class TestATestThatActsAllTheSame:
    @pytest.mark.parametrize(
        ("name", "act"),
        [
            ("test_clicks", "Locator.click"),
            ("test_goes", "Page.goto"),
            ("test_logs_in", "BrowserContext.add_cookies"),
            ("test_submits", "Locator.fill"),
            ("test_presses", "Keyboard.press"),
            ("test_posts", "POST /"),
            ("test_sends", "APIRequestContext.post"),
        ],
    )
    def test_fails_where_it_does(self, failing: Run, name: str, act: str) -> None:
        assert f"{act}: this test is marked `looks`" in failing.failures()[name]


class TestTheFolderOfATestThatLooked:
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, failing: Run) -> Path:
        [found] = [folder for name, folder in failing.left().items() if "test-b-fails" in name]
        return found

    def test_is_kept_of_the_one_that_failed(self, failing: Run) -> None:
        assert [name for name in failing.left() if "passes" in name] == []

    def test_has_what_a_test_of_its_own_would_have(self, folder: Path) -> None:
        files = {file.name for file in folder.iterdir()}
        assert files == {"error.txt", "repeat.sh", "sql.txt", "test-failed-1.png", "trace.zip"}

    def test_shows_what_a_person_saw(self, folder: Path) -> None:
        assert '- heading "Hello Grace" [level=1]' in (folder / "error.txt").read_text()

    def test_has_the_trace_from_the_beginning_of_the_visit(self, folder: Path) -> None:
        with zipfile.ZipFile(folder / "trace.zip") as trace:
            events = b"".join(trace.read(name) for name in trace.namelist() if name.endswith(".trace"))
        assert b'"method":"goto"' in events
        assert b"server: GET / -> 200" in events


class TestASessionOfAVisit:
    def test_is_in_no_artefact(self, passing: Run, failing: Run) -> None:
        for done in (passing, failing):
            canaries = (done.folder / "canaries").read_text().split()
            files = texts(done.folder / "test-results")
            assert {(name, canary) for name, text in files.items() for canary in canaries if canary in text} == set()
