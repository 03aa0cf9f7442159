"""The shape of the code: who may import whom, and where Flask may appear."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLASK = ("flask", "flask_login", "werkzeug")
FLASK_FREE = ("models", "queries", "forms", "storage", "session", "oidc", "config", "db", "errors")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: str) -> dict[str, Path]:
    return {module_name(path): path for path in sorted((ROOT / package).rglob("*.py"))}


APP = modules_of("app")
KNOWN = {**APP, **modules_of("dev"), **modules_of("tests")}


def imported_by(path: Path) -> Iterator[str]:
    """The modules that this file imports, by their full names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_name(path.parent / "__init__.py").split(".")
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in KNOWN else module


IMPORTS = {name: set(imported_by(path)) for name, path in KNOWN.items()}


def imports_within(name: str, *packages: str) -> set[str]:
    return {found for found in IMPORTS[name] if any(found == each or found.startswith(f"{each}.") for each in packages)}


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
        assert name == "app.factory" or "app" not in IMPORTS[name]


@pytest.mark.parametrize("name", [name for name in APP if name.rpartition(".")[2] in FLASK_FREE])
class TestAModuleThatKnowsNoFramework:
    def test_imports_no_flask(self, name: str) -> None:
        assert imports_within(name, *FLASK) == set()


class TestAPackage:
    @pytest.mark.parametrize(
        ("package", "strangers"),
        [
            ("app.auth", ("app.blogs", "app.attachments")),
            ("app.web", ("app.auth", "app.blogs", "app.attachments")),
            ("app.cache", ("app.auth", "app.blogs", "app.attachments", "app.web", "app.config", "app.db", *FLASK)),
        ],
    )
    def test_knows_only_its_own_kind(self, package: str, strangers: tuple[str, ...]) -> None:
        found = {name: imports_within(name, *strangers) for name in APP if f"{name}.".startswith(f"{package}.")}
        assert {name for name, imports in found.items() if imports} == set()

    def test_is_composed_by_the_root_alone(self) -> None:
        composed = {name for name in KNOWN if "app" in IMPORTS[name]}
        assert {name for name in composed if not name.startswith("tests.")} <= {"app", "app.factory"}


class TestTheWheel:
    def test_holds_the_app_and_its_entry_alone(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
        assert wheel == {"packages": ["app"], "force-include": {"wsgi.py": "wsgi.py"}}
