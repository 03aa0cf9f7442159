"""Small changes at random places: a condition turned round, a guard dropped, a constant changed.

Some change nothing that anybody could see. So a survivor here is to be read, and fails no run.
"""

import ast
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dev.sabotage.entry import Sabotage

# Where, and the tests that are likely to notice.
PACKAGES = {
    "app/auth": ("tests/unit/auth", "tests/unit/test_access.py", "tests/unit/test_odd_input.py"),
    "app/sharing": ("tests/unit/blogs/test_shares.py", "tests/unit/test_access.py"),
    "app/cache": ("tests/unit/cache", "tests/unit/web/test_reads.py"),
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Which part, what is done to it, and what to put there.
Change = tuple[ast.expr | ast.stmt, str, str]
CONSTANTS = ("None", "True", "False")


def at_random(root: Path, count: int, seed: int) -> list[Sabotage]:
    """So many of all that can be made, or all; the same ones for the same seed and the same code."""
    found = [each for package in PACKAGES for file in sorted((root / package).glob("*.py")) for each in places(file)]
    random.Random(seed).shuffle(found)  # noqa: S311  the same for everybody, on purpose
    made = (made_at(root, *place) for place in found)
    return list(islice(filter(None, made), count))


def places(file: Path) -> Iterator[tuple[Path, int, Change]]:
    for number, change in enumerate(changes(ast.parse(file.read_text()))):
        yield file, number, change


def made_at(root: Path, file: Path, number: int, change: Change) -> Sabotage | None:
    """None where the change is none, or leaves what cannot be read."""
    source, where = file.read_text(), file.relative_to(root).as_posix()
    node, what, put = change
    changed = replaced(source, node, put)
    if changed == source or not is_readable(changed):
        return None
    name = f"{where}:{node.lineno} {what} ({number})"
    return Sabotage(name, where, source, changed, PACKAGES[str(Path(where).parent)])


def changes(tree: ast.AST) -> Iterator[Change]:
    for node in parts(tree):
        if isinstance(node, ast.stmt):
            yield from changes_of_statement(node)
        if isinstance(node, ast.expr):
            yield from changes_of_expression(node)
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test, "turns a condition round", f"(not ({ast.unparse(node.test)}))"


def changes_of_statement(node: ast.stmt) -> Iterator[Change]:
    match node:
        case ast.If(body=[*_, ast.Raise() | ast.Return()]):
            yield node, "drops a guard", "pass"
        case ast.Raise():
            yield node, "drops a raise", "pass"
        case ast.Return(value=ast.expr()):
            for constant in CONSTANTS:
                yield node, f"returns {constant}", f"return {constant}"


def changes_of_expression(node: ast.expr) -> Iterator[Change]:
    match node:
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, "swaps and and or", f"({ast.unparse(ast.BoolOp(other, node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield node, "drops a not", f"({ast.unparse(node.operand)})"
        case ast.Compare(ops=[op, *rest]) if type(op) in OPPOSITES:
            turned = ast.Compare(node.left, [OPPOSITES[type(op)](), *rest], node.comparators)
            yield node, "turns a comparison round", f"({ast.unparse(turned)})"
        case ast.Constant(value=bool()):
            yield node, "changes a constant", str(not node.value)
        case ast.Constant(value=int() | float()):
            yield node, "changes a constant", f"({node.value!r} + 1)"


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Every part that runs. Types do not, and in a formatted text Python 3.11 does not know the places."""
    yield node
    if isinstance(node, ast.JoinedStr):
        return
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from parts(child)


def replaced(source: str, node: ast.expr | ast.stmt, put: str) -> str:
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    stop = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    whole = b"".join(lines)
    return (whole[:start] + put.encode() + whole[stop:]).decode()


def is_readable(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        # Such as a guard that has an `elif`.
        return False
    return True
