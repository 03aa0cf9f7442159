"""What a failing test leaves behind: its folder, read by somebody who has nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forge.report.search import opened, searched
from tests.forge.server import gunicorn, live_server
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import CONFTEST, SETTINGS, run

# Runs within runs, each with servers and a browser of its own.
pytestmark = [pytest.mark.programs, pytest.mark.timeout(240)]

APP = """
import logging
from flask import Flask, abort, make_response, session
from sqlalchemy import create_engine, text
app = Flask(__name__)
app.secret_key = "a-key-that-nobody-may-read"
engine = create_engine("sqlite://")
@app.after_request
def identify(response):
    response.headers["X-Request-ID"] = f"id-of-{len(seen)}"
    seen.append(response)
    return response
seen = []
@app.get("/")
def home():
    with engine.connect() as connection:
        connection.execute(text("SELECT 'the front page'"))
    logging.getLogger("small").warning("somebody is here")
    if not session:
        abort(401)
    page = make_response(f"<h1>Hello {session['user']}</h1><a href=/broken>Break it</a>")
    page.set_cookie("visitor", "a-canary-of-the-site")
    return page
@app.get("/broken")
def broken():
    logging.getLogger("small").warning("it is about to break")
    raise ValueError("spilt")
"""
TESTS = """
def test_a_that_passes(page):
    page.login("Grace")

def test_b_without_a_page():
    assert "found" == "expected"

def test_c_breaks_the_site(page, as_user, expected_errors):
    expected_errors += ["500"]
    page.login("Grace")
    as_user("Hedy")
    page.get_by_role("link", name="Break it").click()
    page.wait_for_url("**/broken")
    assert page.get_contents_of("h1") == "Hello Grace"

def test_d_says_its_secrets(page, session_factory, project):
    page.login("Grace")
    cookie = session_factory.minted[-1]
    with open("canaries", "w") as canaries:
        print(cookie, cookie.partition(".")[0], project.app.secret_key, sep="\\n", file=canaries)
    page.evaluate("fetch('/callback?code=a-canary-of-oauth&X-Amz-Signature=a-canary-signature')")
    page.set_content(f"<p>{cookie}</p>")
    print("printed", project.app.secret_key, *[each["value"] for each in page.cookies()])
    assert cookie == project.app.secret_key

def test_f_asks_without_a_page(client_for):
    assert "Hello Grace" in client_for("Grace").get("/").text()

def test_e_says_a_session_without_a_page(session_factory):
    cookie = session_factory("Hedy").value
    with open("another-canary", "w") as canary:
        canary.write(cookie)
    print(cookie)
    raise AssertionError(cookie)
"""
A, B, C = [
    f"test_small.py::{name}"
    for name in ("test_a_that_passes[chromium]", "test_b_without_a_page", "test_c_breaks_the_site[chromium]")
]
TRACING = "--tracing=retain-on-failure"
# Nothing is tried again.
ONCE = ["--maxfail=9"]
CANARIES = ["a-canary-of-oauth", "a-canary-signature", "a-canary-of-the-site"]


class Run:
    """A run of these tests by a pytest of its own, in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.canaries = folder / "canaries"
        recorded = (TRACING, "--screenshot=only-on-failure", "--junit-xml=report.xml")
        self.told = run(folder, *recorded, "-o", "junit_logging=all", *options)

    def of(self, name: str) -> Path:
        [found] = (self.folder / "test-results").glob(f"*{name.replace('_', '-')}*")
        return found

    def text(self, name: str, file: str) -> str:
        return (self.of(name) / file).read_text()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("failing")
    files = {"small.py": APP, "conftest.py": CONFTEST, "test_small.py": TESTS, "pyproject.toml": SETTINGS}
    beside(folder, files)
    return Run(folder, "--note-secrets=noted")


@pytest.fixture(scope="module")
def trace(ran: Run) -> dict[str, list[str]]:
    """What Playwright itself reads in the trace of the test that broke the site."""
    program, folder = [sys.executable, "-m", "playwright", "trace"], ran.of("test_c")
    subprocess.run([*program, "open", "trace.zip"], cwd=folder, capture_output=True, check=True)
    shown = {
        what: subprocess.run([*program, what], cwd=folder, capture_output=True, text=True, check=True).stdout
        for what in ("actions", "errors", "console")
    }
    subprocess.run([*program, "close"], cwd=folder, capture_output=True, check=True)
    return {what: text.splitlines() for what, text in shown.items()}


@pytest.fixture(scope="module")
def repeated(ran: Run) -> list[str]:
    """What the test's own script runs, with `--evidence=all` in a folder beside."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(ran.of("test_c") / "repeat.sh"), "-v", *ONCE, "--evidence=all", f"--output={ran.folder / 'all'}"]
    told = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    return told.stdout.splitlines()


def place_of(words: str, lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if words in line)


def texts(folder: Path) -> dict[str, str]:
    """Every file of a folder by its path, archives opened, the report's too; what is no text is read as one."""
    return {name: body.decode("latin-1") for name, body in opened(folder)}


class TestTheFolder:
    def test_is_kept_of_each_test_that_failed(self, ran: Run) -> None:
        assert len(list((ran.folder / "test-results").glob("test-small-py-*"))) == 4

    def test_shows_the_assertion_with_its_line(self, ran: Run) -> None:
        assert '>       assert page.get_contents_of("h1") == "Hello Grace"' in ran.text("test_c", "error.txt")

    def test_shows_what_a_person_saw(self, ran: Run) -> None:
        assert '- heading "Internal Server Error" [level=1]' in ran.text("test_c", "error.txt")

    def test_shows_the_page_of_everybody_in_the_test(self, ran: Run) -> None:
        assert '- heading "Hello Hedy" [level=1]' in ran.text("test_c", "error.txt")

    def test_shows_the_last_answers(self, ran: Run) -> None:
        assert "500 GET http://localhost" in ran.text("test_c", "error.txt")

    def test_shows_where_the_server_failed(self, ran: Run) -> None:
        told = ran.text("test_c", "error.txt").partition("Where the server failed")[2]
        assert "in broken" in told
        assert "ValueError: spilt" in told

    def test_shows_the_statements_with_the_line_that_asked(self, ran: Run) -> None:
        assert "SELECT 'the front page'\n" in ran.text("test_c", "sql.txt")
        assert "asked by small.py:17 home" in ran.text("test_c", "sql.txt")

    def test_has_the_servers_log(self, ran: Run) -> None:
        assert "it is about to break" in ran.text("test_c", "server.log")

    def test_of_a_test_without_a_page_has_its_error_and_how_to_repeat_it(self, ran: Run) -> None:
        assert sorted(file.name for file in ran.of("test_b").iterdir()) == ["error.txt", "repeat.sh"]

    def test_names_no_home(self, ran: Run) -> None:
        named = {name for name, text in texts(ran.folder / "test-results").items() if str(ran.folder) in text}
        assert named == set()


class TestRepeatingIt:
    def test_runs_what_ran_before_it_too(self, repeated: list[str]) -> None:
        assert [line.split(" ")[0] for line in repeated if line.endswith("%]")] == [A, C]

    def test_keeps_the_order_whatever_the_fixtures_would_make_of_it(self, ran: Run) -> None:
        told = run(ran.folder, "--collect-only", "--in-order", A, B, C)
        assert told.stdout.splitlines()[:3] == [A, B, C]


class TestTheTrace:
    def test_is_one_of_all_who_took_part(self, ran: Run) -> None:
        assert [file.name for file in ran.of("test_c").glob("*.zip")] == ["trace.zip"]

    def test_has_the_servers_answer_under_the_click_that_caused_it(self, trace: dict[str, list[str]]) -> None:
        answer = place_of("server: GET /broken -> 500", trace["actions"])
        click, what, server = trace["actions"][answer - 2 : answer + 1]
        assert "Break it" in what
        assert click.index("Click") < server.index("server:")

    def test_has_the_statements_under_their_request(self, trace: dict[str, list[str]]) -> None:
        statement = place_of("sql: SELECT 'the front page'", trace["actions"])
        request, sql = trace["actions"][statement - 1 : statement + 1]
        assert request.index("server: GET / -> 200") < sql.index("sql:")

    def test_lists_the_servers_exception_and_the_tests(self, trace: dict[str, list[str]]) -> None:
        assert place_of("Hello Grace", trace["errors"]) < place_of("ValueError: spilt", trace["errors"])

    def test_has_the_servers_log_in_its_console(self, trace: dict[str, list[str]]) -> None:
        assert place_of("it is about to break", trace["console"]) >= 0

    def test_is_named_once_to_reports(self, ran: Run) -> None:
        report = (ran.folder / "report.xml").read_text()
        assert report.count('name="playwright_trace"') == 2


class TestWithEvidenceOfAll:
    @pytest.mark.usefixtures("repeated")
    def test_a_test_that_passes_leaves_its_folder_too(self, ran: Run) -> None:
        assert {file.name for file in (ran.folder / "all").glob("*test-a*/*")} == {"trace.zip", "sql.txt", "server.log"}

    def test_a_test_without_a_page_leaves_no_secret_in_its_trace(self, ran: Run) -> None:
        run(ran.folder, "--evidence=all", "--output=clients", "--note-secrets=clients-secrets", "-k", "test_f")
        found = searched(ran.folder / "clients-secrets", ran.folder / "clients")
        assert (len(list(ran.folder.glob("clients/*test-f*/trace.zip"))), found.hits) == (1, [])


class TestADeployedSite:
    def test_leaves_what_can_be_had_of_it(self, ran: Run, tmp_path: Path) -> None:
        serve = gunicorn("small:app", "--chdir", str(ran.folder))
        with live_server(serve, tmp_path) as site:
            run(ran.folder, TRACING, *ONCE, "--output=deployed", "-k", "test_c", "--base-url", site.url)
        left = {file.name for file in (ran.folder / "deployed").glob("*test-c*/*")}
        assert left == {"error.txt", "repeat.sh", "trace.zip"}


class TestASecret:
    @pytest.fixture
    def canaries(self, ran: Run) -> list[str]:
        said = [ran.canaries.read_text(), (ran.folder / "another-canary").read_text()]
        return [*" ".join(said).split(), *CANARIES]

    def test_is_in_no_artefact(self, ran: Run, canaries: list[str]) -> None:
        files = {**texts(ran.folder / "test-results"), "console": ran.told.stdout}
        kept = {(name, canary) for name, text in files.items() for canary in canaries if canary in text}
        assert kept == set()

    def test_is_noted_for_whoever_looks_for_it(self, ran: Run, canaries: list[str]) -> None:
        assert set(canaries) <= set((ran.folder / "noted").read_text().splitlines())
