"""`--changed`: the tests that a change can reach, and all of them where nothing can be said."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.forge.changed import first_unknown
from tests.forge.reach import Reach
from tests.unit.forge.copied import beside
from tests.unit.forge.test_plugin import SETTINGS, run

pytestmark = pytest.mark.programs

FILES = {
    "app/__init__.py": "",
    "app/factory.py": "from app import blogs, accounts\nfrom app.log import note\n",
    "app/log.py": "def note(): pass\n",
    "app/queries.py": "",
    "app/blogs.py": "from app import queries\nPAGE = 'show.html'\n",
    "app/accounts.py": "",
    "app/templates/show.html": "<script src='show.js'></script>",
    "app/templates/unused.html": "",
    "app/static/show.js": "",
    "app/migration.py": "",
    "README.md": "",
    "tests/conftest.py": """
import pytest
from app.factory import note

@pytest.fixture
def app():
    return note

@pytest.fixture
def by_name(request):
    return request.getfixturevalue("app")

@pytest.fixture
def number(app_of: note = None):
    return 1
""",
    "tests/test_app.py": "def test_asks(app): pass\ndef test_counts(number): pass\ndef test_names(by_name): pass\n",
    "tests/test_blogs.py": "def test_visits(app): pass\n",
    "tests/test_new.py": "def test_visits(app): pass\n",
    "tests/test_queries.py": "from app import queries\ndef test_reads(): pass\n",
    "tests/test_files.py": "import subprocess\ndef test_starts(): pass\n",
    "tests/test_readme.py": "README = 'README.md'\ndef test_reads(): pass\n",
}
VISITS = {"tests/test_app.py": [], "tests/test_blogs.py": ["app.blogs"], "tests/test_queries.py": []}
APPS = ["app/__init__.py", "app/factory.py", "app/log.py", "app/accounts.py"]


def written(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    return Reach(written(tmp_path_factory.mktemp("reach")), [*FILES], ["tests"], VISITS)


class TestATest:
    def test_reaches_what_it_imports(self, reach: Reach) -> None:
        assert reach.of("tests/test_queries.py", []) == {"tests/test_queries.py", "app/__init__.py", "app/queries.py"}

    def test_reaches_what_its_fixtures_use(self, reach: Reach) -> None:
        assert reach.of("tests/test_app.py", [("tests/conftest.py", "app")]) == {"tests/test_app.py", *APPS}

    def test_reaches_what_a_fixture_may_ask_for_by_name(self, reach: Reach) -> None:
        assert reach.of("tests/test_app.py", [("tests/conftest.py", "by_name")]) == {"tests/test_app.py", *APPS}

    def test_does_not_reach_the_types_of_arguments(self, reach: Reach) -> None:
        assert reach.of("tests/test_app.py", [("tests/conftest.py", "number")]) == {"tests/test_app.py"}

    def test_reaches_the_views_that_it_has_visited_and_what_these_name(self, reach: Reach) -> None:
        found = reach.of("tests/test_blogs.py", [("tests/conftest.py", "app")])
        shown = {"app/blogs.py", "app/queries.py", "app/templates/show.html", "app/static/show.js"}
        assert found == {"tests/test_blogs.py", *APPS, *shown}

    def test_of_which_no_visits_are_known_reaches_every_view(self, reach: Reach) -> None:
        assert "app/blogs.py" in reach.of("tests/test_new.py", [("tests/conftest.py", "app")])


class TestAChange:
    @pytest.mark.parametrize(
        ("file", "is_unknown"),
        [
            ("app/queries.py", False),
            ("app/static/show.js", False),
            ("README.md", False),
            ("tests/test_queries.py", False),
            ("app/migration.py", True),
            ("app/templates/unused.html", True),
            ("pyproject.toml", True),
            ("tests/conftest.py", True),
            ("app/gone.py", True),
        ],
    )
    def test_is_one_of_which_nothing_can_be_said(self, reach: Reach, file: str, is_unknown: bool) -> None:
        assert first_unknown(["README.md", file], reach) == (file if is_unknown else "")


class TestARunOfWhatHasChanged:
    @pytest.fixture(scope="class")
    @classmethod
    def project(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = written(tmp_path_factory.mktemp("project"))
        settings = f'{SETTINGS}testpaths = ["tests"]\n'
        ignored = "__pycache__\ntest-results\n"
        beside(folder, {"pyproject.toml": settings, ".gitignore": ignored, "tests/visits.json": json.dumps(VISITS)})
        for command in ("init -q -b main", "add .", "-c user.name=a -c user.email=a commit -q -m first"):
            subprocess.run(["git", *command.split()], cwd=folder, check=True)
        return folder

    @pytest.fixture
    def edited(self, project: Path) -> Iterator[Callable[[str], None]]:
        def edit(name: str) -> None:
            with (project / name).open("a") as file:
                file.write("\n")

        yield edit
        subprocess.run(["git", "checkout", "-q", "."], cwd=project, check=True)

    @pytest.mark.parametrize(
        ("file", "told"),
        [
            ("app/queries.py", "4 of 8 tests: reached from app/queries.py"),
            ("README.md", "1 of 8 tests: reached from README.md"),
            ("forge/page.py", "8 of 8 tests: all, because of forge/page.py"),
        ],
    )
    def test_says_in_a_line_what_it_chose(
        self, project: Path, edited: Callable[[str], None], file: str, told: str
    ) -> None:
        edited(file)
        done = run(project, "--changed")
        assert (done.returncode, told in done.stdout.splitlines()) == (0, True), done.stdout

    def test_of_nothing_passes(self, project: Path) -> None:
        done = run(project, "--changed=HEAD", "-n2")
        assert (done.returncode, "0 of 8 tests: nothing has changed" in done.stdout) == (0, True), done.stdout

    def test_is_refused_where_there_is_no_such_commit(self, project: Path) -> None:
        assert run(project, "--changed=nowhere").stderr.strip() == (
            "ERROR: --changed: git knows no nowhere here; --changed=REF names a commit to compare with."
        )
