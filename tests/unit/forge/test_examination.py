"""A project's pages are examined: each distinct one once in a run, by the first test that ends there."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.forge.report import results, verdict
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import SETTINGS, run

pytestmark = pytest.mark.programs

APP = """
from flask import Flask
app = Flask(__name__)
app.secret_key = "small"
@app.get("/<name>")
def page(name):
    return "<img>" if name in ("wrong", "expected") else "<img alt=''>"
@app.get("/rows/<int:number>")
def rows(number):
    return "<ul>" + "".join(f"<li id=row-{each}>Number {each}</li>" for each in range(number)) + "</ul>"
@app.get("/json")
def json():
    return {}
"""
CONFTEST = """
from urllib.parse import urlsplit
import pytest
from forge.project import Project
from forge.server import gunicorn
from small import app

def examine(page):
    with open("examined", "a") as file:
        file.write(f"{urlsplit(page.url).path}\\n")
    return ["an image says nothing"] if page.locator("img:not([alt])").count() else []

@pytest.fixture(scope="session")
def project():
    return Project(app=app, login=lambda session, user: None, serve=gunicorn("small:app"), examine=examine)
"""
TESTS = """
import pytest

@pytest.mark.parametrize("path", ["/same", "/same?again", "/same#again", "/rows/2", "/rows/3", "/rows/12"])
def test_ends_at_a_page(page, path):
    page.goto(path)

@pytest.mark.parametrize("number", [0, 1])
def test_ends_at_rows(page, number):
    page.goto(f"/other/../rows/{number}")

@pytest.mark.parametrize("options", [
    {"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 740}}
])
@pytest.mark.parametrize("time", [1, 2])
def test_ends_at_a_page_in_its_way(new_page, options, time):
    new_page(**options).goto("/seen")

def test_ends_at_what_is_wrong(page):
    page.goto("/wrong")

def test_expects_what_is_wrong(page, expected_errors):
    expected_errors.append("says nothing")
    page.goto("/expected")

def test_fails_at_a_page(page):
    page.goto("/failed")
    raise ValueError("spilt")

def test_closes_its_page(page):
    page.goto("/closed")
    page.close()

def test_ends_at_no_page_of_the_site(page):
    page.goto("data:text/html,elsewhere")

def test_ends_at_what_is_no_page(page):
    page.goto("/json")
"""


class TestARunOfTwoProcesses:
    @pytest.fixture(scope="class")
    @classmethod
    def project(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        files = {"small.py": APP, "conftest.py": CONFTEST, "pyproject.toml": SETTINGS, "test_small.py": TESTS}
        return beside(tmp_path_factory.mktemp("project"), files)

    @pytest.fixture(scope="class")
    @classmethod
    def done(cls, project: Path) -> subprocess.CompletedProcess[str]:
        return run(project, "-n2")

    @pytest.fixture
    def examined(self, project: Path, done: subprocess.CompletedProcess[str]) -> Counter[str]:
        return Counter((project / "examined").read_text().split())

    def test_examines_a_page_once(self, examined: Counter[str]) -> None:
        assert examined["/same"] == 1

    def test_takes_a_list_of_other_rows_for_the_same(self, examined: Counter[str]) -> None:
        assert sum(examined[f"/rows/{number}"] for number in (1, 2, 3, 12)) == 1

    def test_takes_a_list_without_rows_for_another(self, examined: Counter[str]) -> None:
        assert examined["/rows/0"] == 1

    def test_examines_a_page_in_each_color_scheme_and_width(self, examined: Counter[str]) -> None:
        assert examined["/seen"] == 3

    def test_leaves_a_page_where_a_test_fails_to_others(self, examined: Counter[str]) -> None:
        assert {"/failed", "/closed", "/json"}.isdisjoint(examined)

    def test_fails_where_a_page_is_wrong_also_when_it_is_tried_again(
        self, project: Path, examined: Counter[str]
    ) -> None:
        failed = results.read(project / "test-results").with_outcome("unexpected")
        assert [test.partition("::")[2] for test in sorted(failed)] == [
            "test_ends_at_what_is_wrong[chromium]",
            "test_fails_at_a_page[chromium]",
        ]
        assert examined["/wrong"] == 2

    def test_says_what_is_wrong(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.returncode == verdict.FAILED
        assert "an image says nothing" in done.stdout

    def test_lets_a_test_expect_what_is_wrong(self, examined: Counter[str]) -> None:
        assert examined["/expected"] == 1

    def test_counts_the_pages(self, project: Path, done: subprocess.CompletedProcess[str]) -> None:
        assert "Distinct pages that were examined: 8" in done.stdout
        assert "8 distinct pages examined" in (project / "test-results/summary.md").read_text()
