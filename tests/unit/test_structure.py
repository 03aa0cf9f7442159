"""The shape of the code: who may import whom, and where Flask may appear."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.forge.imports import imported_by, module_name

ROOT = Path(__file__).parents[2]
FLASK = ("flask", "flask_login", "werkzeug")
FLASK_FREE = ("models", "queries", "forms", "uploads", "links", "session", "oidc", "exchange", "config", "db", "errors")


def modules_of(package: str) -> dict[str, Path]:
    return {module_name(path, ROOT): path for path in sorted((ROOT / package).rglob("*.py"))}


APP = modules_of("app")
TOP = (ROOT / "gunicorn.conf.py", ROOT / "wsgi.py")
KNOWN = {**APP, **modules_of("dev"), **modules_of("tests")}


@cache
def imports_of(name: str) -> frozenset[str]:
    return frozenset(imported_by(KNOWN[name], ROOT, KNOWN))


def imports_within(name: str, *packages: str) -> set[str]:
    return {
        found for found in imports_of(name) if any(found == each or found.startswith(f"{each}.") for each in packages)
    }


def cycle_from(start: str) -> list[str]:
    trail = [start]

    def visit(name: str) -> bool:
        for found in sorted(imports_within(name, "app")):
            if found == start:
                return True
            if found in APP and found not in trail:
                trail.append(found)
                if visit(found):
                    return True
                trail.pop()
        return False

    return trail if visit(start) else []


@pytest.mark.parametrize("name", APP)
class TestAModuleOfTheApp:
    def test_is_in_no_import_cycle(self, name: str) -> None:
        assert cycle_from(name) == []

    def test_imports_nothing_from_development_or_tests(self, name: str) -> None:
        assert imports_within(name, "dev", "tests") == set()

    def test_imports_no_name_from_the_package_root(self, name: str) -> None:
        assert name == "app.factory" or "app" not in imports_of(name)


@pytest.mark.parametrize("name", [name for name in APP if name.rpartition(".")[2] in FLASK_FREE])
class TestAModuleThatKnowsNoFramework:
    def test_imports_no_flask(self, name: str) -> None:
        assert imports_within(name, *FLASK) == set()


# Each may use those before it, and none after it, through however many modules.
LAYERS = ("cache", "web", "storage", "images", "auth", "doctor", "sharing", "attachments", "blogs", "account")
FREE_OF_FLASK_BUT_FOR = {"cache": (), "storage": ("routes", "current"), "images": ("commands", "current")}
MOST_OF_APP, MOST_OF_FILE, MOST_OF_ROUTE = 0.2, 300, 15


def reachable_from(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = imports_within(waiting.pop(), "app") & APP.keys() - found
        found |= new
        waiting += new
    return found


def modules_in(package: str) -> list[str]:
    return [name for name in APP if f"{name}.".startswith(f"app.{package}.")]


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


class TestThePackages:
    def test_are_all_in_a_layer(self) -> None:
        packages = {path.name for path in (ROOT / "app").iterdir() if (path / "__init__.py").exists()}
        assert packages == {*LAYERS}

    @pytest.mark.parametrize("package", LAYERS)
    def test_reach_none_of_a_layer_above(self, package: str) -> None:
        above = LAYERS[LAYERS.index(package) + 1 :]
        reached = {found for name in modules_in(package) for found in reachable_from(name)}
        assert reached & {found for each in above for found in modules_in(each)} == set()

    @pytest.mark.parametrize("package", LAYERS)
    def test_do_not_reach_the_root_that_composes_them(self, package: str) -> None:
        assert "app.factory" not in {found for name in modules_in(package) for found in reachable_from(name)}

    @pytest.mark.parametrize(("package", "others"), FREE_OF_FLASK_BUT_FOR.items())
    def test_are_free_of_flask_where_they_could_serve_elsewhere(self, package: str, others: tuple[str, ...]) -> None:
        named = [name for name in modules_in(package) if name.rpartition(".")[2] not in others]
        assert {name for name in named if imports_within(name, *FLASK)} == set()

    def test_hold_at_most_a_fifth_of_the_app_each(self) -> None:
        whole = sum(map(lines_of, APP.values()))
        sizes = {package: sum(lines_of(APP[name]) for name in modules_in(package)) / whole for package in LAYERS}
        assert {package for package, share in sizes.items() if share > MOST_OF_APP} == set()


class TestAFile:
    @pytest.mark.parametrize(
        "path",
        [
            *APP.values(),
            *modules_of("dev").values(),
            *modules_of("tests/e2e").values(),
            *modules_of("tests/forge").values(),
        ],
        ids=lambda path: path.name,
    )
    def test_fits_in_the_head(self, path: Path) -> None:
        assert lines_of(path) <= MOST_OF_FILE

    def test_gives_no_class_a_name_that_means_something_else_elsewhere(self) -> None:
        classes = [
            node.name
            for path in APP.values()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ClassDef)
        ]
        assert {name for name in classes if classes.count(name) > 1} == set()


class TestARoute:
    @pytest.mark.parametrize("name", [name for name in APP if name.rpartition(".")[2] in ("routes", "api")])
    def test_reads_asks_and_answers_in_fifteen_lines(self, name: str) -> None:
        routes = [
            node
            for node in ast.parse(APP[name].read_text()).body
            if isinstance(node, ast.FunctionDef) and any("blueprint" in ast.dump(each) for each in node.decorator_list)
        ]
        long = {route.name for route in routes if (route.end_lineno or 0) - route.body[0].lineno + 1 > MOST_OF_ROUTE}
        assert long == set()


class TestATest:
    def test_of_the_harness_imports_nothing_of_this_project(self) -> None:
        harness = modules_of("tests/forge")
        assert {name for name in harness if imports_within(name, "app", "dev", "tests") - harness.keys()} == set()

    def test_imports_nothing_of_the_benchmarks_which_import_it(self) -> None:
        assert {name for name in modules_of("tests") if imports_within(name, "benchmarks")} == set()


class TestAnImport:
    @pytest.mark.programs
    @pytest.mark.parametrize(
        ("code", "strangers"),
        [
            ("import app.db", ("flask", "PIL")),
            ("import runpy; runpy.run_path('gunicorn.conf.py')", ("flask", "sqlalchemy")),
        ],
    )
    def test_loads_no_more_than_it_needs(self, code: str, strangers: tuple[str, ...]) -> None:
        asked = f"{code}\nimport sys\nprint(*(set({strangers!r}) & sys.modules.keys()))"
        told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
        assert told.stdout.split() == []

    def test_of_gunicorns_settings_loads_no_package_of_the_app(self) -> None:
        assert {name for name in imported_by(TOP[0], ROOT, KNOWN) if name.startswith("app")} == {
            *("app.arbiter", "app.config", "app.headers", "app.log", "app.machine", "app.release", "app.setting_checks")
        }
        assert reachable_from("app.config") == {"app.instance", "app.limit_settings", "app.setting_checks"}
        assert reachable_from("app.arbiter") == reachable_from("app.worker") == reachable_from("app.machine") == set()


class TestTheDependencies:
    def test_declare_every_distribution_that_is_imported(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        declared = {re.split(r"[\[>=]", each)[0] for each in project["dependencies"]}
        imported = {name.partition(".")[0] for path in [*APP.values(), *TOP] for name in imported_by(path, ROOT, KNOWN)}
        for_the_type_checker = {"_typeshed", "types_boto3_s3"}
        strangers = imported - {"app", *sys.stdlib_module_names} - for_the_type_checker
        known = packages_distributions()
        assert {
            name for name in strangers if not {each.lower().replace("_", "-") for each in known[name]} & declared
        } == set()
