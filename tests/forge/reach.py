"""What a test can reach, read from the project's files: by imports, and by files that name other files.

A browser imports no view: of the modules with views, one that a file of tests has never visited is not entered from the
app. Names of files are relative to the project's root.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from .imports import imported_names, module_name

DOCUMENTS = ".md"
# What names other files: templates name templates and scripts, scripts name scripts.
TEXTS = (".py", ".html", ".js", ".css")
# It knows the project by what it is told alone, whatever its words look like.
HARNESS = Path(__file__).parent
# With these a test reads the project as files, or starts it as a program; neither is followed.
READERS = {"ROOT", "__file__", "subprocess"}


class Reach:
    """`visits` are the modules of the views that each file of tests has visited; a file without may reach all."""

    def __init__(
        self, root: Path, files: Sequence[str], tests: Collection[str], visits: Mapping[str, Sequence[str]]
    ) -> None:
        self._root, self._files, self._tests = root, files, tuple(f"{each}/" for each in tests)
        self._texts = {file: (root / file).read_text(encoding="utf-8") for file in files if file.endswith(TEXTS)}
        self._trees = {file: ast.parse(text) for file, text in self._texts.items() if file.endswith(".py")}
        self._modules = {module_name(root / file, root): file for file in self._trees}
        self._visits = {file: self._files_of(modules) for file, modules in visits.items()}
        self._views = {view for views in self._visits.values() for view in views}
        self._found: dict[tuple[str, frozenset[tuple[str, str]]], set[str]] = {}
        self._readers: dict[str, bool] = {}

    def __contains__(self, file: str) -> bool:
        return file in self._trees

    def of(self, test: str, fixtures: Iterable[tuple[str, str]]) -> set[str]:
        """The files that the tests of this file reach with these fixtures, each by its file and its name."""
        key = test, frozenset(fixtures)
        if key not in self._found:
            start = {test}
            for file, name in key[1]:
                start |= self._needs(file, [name]) if _is_conftest(file) else {file}
            hidden = self._views - self._visits[test] if test in self._visits else set()
            self._found[key] = self._closure(start, hidden)
        return self._found[key]

    def reads_files(self, test: str) -> bool:
        """Whether its tests read the project's files, or start programs of their own."""
        if test not in self._readers:
            self._readers[test] = any(
                (isinstance(node, ast.Name) and node.id in READERS)
                or (isinstance(node, ast.alias) and node.name in READERS)
                for node in ast.walk(self._trees[test])
            )
        return self._readers[test]

    def reads_documents(self, test: str) -> bool:
        return DOCUMENTS in self._texts[test]

    @cached_property
    def reached_by_any(self) -> set[str]:
        """The files that some test may reach."""
        tests = {file for file in self._trees if file.startswith(self._tests)}
        conftests = {each for file in tests if _is_conftest(file) for each in self._imports(file)}
        return self._closure(tests | conftests, set())

    def _closure(self, start: set[str], hidden: set[str]) -> set[str]:
        found, waiting = set(start), list(start)
        while waiting:
            file = waiting.pop()
            # What a test imports itself, it reaches.
            of_a_test = file.startswith(self._tests)
            new = {each for each in self._edges.get(file, ()) if of_a_test or each not in hidden} - found
            found |= new
            waiting += new
        return found

    @cached_property
    def _edges(self) -> dict[str, set[str]]:
        edges = {file: self._imports(file) for file in self._trees if not _is_conftest(file)}
        named = {PurePath(file).name: file for file in self._files if not file.endswith((".py", DOCUMENTS))}
        for file, text in self._texts.items():
            edges.setdefault(file, set())
            edges[file] |= {each for name, each in named.items() if name in text}
        return edges

    def _imports(self, file: str) -> set[str]:
        """The files of what this one imports or names, `wsgi:app` for one, and of the packages that these are in."""
        found: set[str] = set()
        for module, name in self._imported(self._trees[file], file):
            target = self._modules.get(module, "")
            found |= self._needs(target, [name]) if _is_conftest(target) and target != file else {target}
            found |= self._files_of(_packages(module))
        named = set() if (self._root / file).is_relative_to(HARNESS) else self._named(self._trees[file])
        return (found | named) - {"", file}

    def _imported(self, tree: ast.AST, file: str) -> Iterator[tuple[str, str]]:
        package = module_name(self._root / PurePath(file).parent / "__init__.py", self._root)
        return imported_names(tree, package, self._modules)

    def _named(self, tree: ast.AST) -> set[str]:
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        return self._files_of(text.partition(":")[0] for text in texts)

    def _needs(self, conftest: str, names: Iterable[str]) -> set[str]:
        """The files that these definitions of a conftest use. Types of arguments are no use."""
        tree = self._trees[conftest]
        imported = {name: module for module, name in self._imported(tree, conftest)}
        defined = {name: node for node in tree.body for name in _defined(node)}
        found: set[str] = set()
        waiting, seen = [*names], set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in imported:
                target = self._modules.get(imported[name], "")
                found |= self._needs(target, [name]) if _is_conftest(target) else {target}
                found |= self._files_of(_packages(imported[name]))
            for part in _used(defined[name]) if name in defined else ():
                found |= self._named(part)
                waiting += [node.id for node in ast.walk(part) if isinstance(node, ast.Name)]
                if any(isinstance(node, ast.Attribute) and node.attr == "getfixturevalue" for node in ast.walk(part)):
                    waiting += [*imported, *defined]
        return found - {""}

    def _files_of(self, modules: Iterable[str]) -> set[str]:
        return {self._modules[module] for module in modules if module in self._modules}


def _is_conftest(file: str) -> bool:
    return PurePath(file).name == "conftest.py"


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def _used(node: Any) -> list[ast.AST]:
    return [*node.body, *node.decorator_list] if isinstance(node, ast.FunctionDef) else [node]
