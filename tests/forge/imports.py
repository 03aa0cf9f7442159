"""What the Python files of a project import of each other, read from their text."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.AST, package: str, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The modules that are imported anywhere in it, by their full names; each with the name that it, or a part, has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, (alias.asname or alias.name).partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            start = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*start, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in known else module, alias.asname or alias.name


def imported_by(path: Path, root: Path, known: Collection[str]) -> Iterator[str]:
    """The modules that this file imports, by their full names."""
    tree, package = ast.parse(path.read_text(encoding="utf-8")), module_name(path.parent / "__init__.py", root)
    yield from (module for module, _ in imported_names(tree, package, known))
