"""Reads that may be cached: a statement built once, and what becomes of its rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import BinaryExpression, BindParameter, Select, Table, TextClause
from sqlalchemy.sql import operators, visitors

from .document import Document
from .versions import Owner, Scope, owner_of

# The rows that a statement finds with these parameters, in a transaction of its own; their values go by name.
Fetch = Callable[[Select[*tuple[Any, ...]], Mapping[str, Any]], Sequence[Any]]

# Their repr() is short, tells types apart and never holds an address.
KEYABLE = frozenset({int, str, float, bool, type(None), date, datetime, UUID})


class Uncacheable(Exception):
    """A read whose answer could change while its scope's version stays."""


class CacheKey(NamedTuple):
    scope: Scope
    field: str


def as_object(row: Any) -> object:
    """The row's values by their names; SQLAlchemy's rows and named tuples both have this method."""
    return row._asdict()


class CacheableQuery:
    """A statement with bound parameters and the JSON form of each row; with `one`, of its only row, or null."""

    def __init__(
        self,
        name: str,
        statement: Select[*tuple[Any, ...]],
        shape: Callable[[Any], object] = as_object,
        *,
        one: bool = False,
    ) -> None:
        self.name, self.statement, self.shape, self.one = name, statement, shape, one

    def __call__(self, **parameters: object) -> "BoundQuery":
        return BoundQuery(self, parameters)

    def document(self, fetch: Fetch, parameters: Mapping[str, Any]) -> bytes:
        rows = fetch(self.statement, parameters)
        if not self.one:
            return to_json([self.shape(row) for row in rows])
        return to_json(self.shape(rows[0]) if rows else None)

    # The next two wait for the first use: compiling needs every mapped class, and this is made at import.
    @cached_property
    def digest(self) -> bytes:
        compiled = self.statement.compile()
        whole = (str(compiled), sorted(compiled.params.items(), key=lambda item: item[0]), self.one)
        return blake2b(repr(whole).encode(), digest_size=16).digest()

    @cached_property
    def owners(self) -> tuple[tuple[str, str], ...]:
        """For each table, the kind of scope that owns it and the parameter that says which one."""
        parts = list(visitors.iterate(self.statement))
        if any(isinstance(part, TextClause) or getattr(part, "is_literal", False) for part in parts):
            raise Uncacheable(f"{self.name} holds SQL as text, which hides the tables that it reads")
        return tuple(self._owner(table, parts) for table in _tables(parts))

    def _owner(self, table: Table, parts: list[Any]) -> tuple[str, str]:
        owner = owner_of(table)
        if owner is None:
            raise Uncacheable(f"{self.name} reads {table.name}, which owned_by() gives to nobody")
        # By its name alone, which is also there where all columns are read.
        if owner.aside is not None and re.search(rf"\b{owner.aside.name}\b", str(self.statement.compile())):
            raise Uncacheable(f"{self.name} reads {owner.aside}, whose changes move no version")
        for part in parts:
            if parameter := _owner_parameter(part, owner):
                return owner.kind, parameter
        raise Uncacheable(f"{self.name} reads {table.name} without {owner.column} == bindparam(...)")


@dataclass(frozen=True, slots=True)
class BoundQuery:
    query: CacheableQuery
    parameters: Mapping[str, object]
    scope: Scope | None = None

    def cached(self, scope: Scope) -> "BoundQuery":
        for kind, parameter in self.query.owners:
            if (kind, self.parameters.get(parameter)) != (scope.kind, scope.id):
                raise Uncacheable(f"{self.query.name} reads more than {scope.name} owns")
        return BoundQuery(self.query, self.parameters, scope)

    def load(self, fetch: Fetch) -> Document:
        return Document(self.query.document(fetch, self.parameters))

    def key(self, scope: Scope) -> CacheKey:
        if strange := [name for name, value in self.parameters.items() if type(value) not in KEYABLE]:
            raise TypeError(f"{self.query.name} cannot be cached by the value of {', '.join(strange)}")
        shown = ", ".join([f"{name}={self.parameters[name]!r}" for name in sorted(self.parameters)])
        digest = blake2b(shown.encode(), key=self.query.digest, digest_size=16).hexdigest()
        return CacheKey(scope, f"{self.query.name}({shown[:80]})#{digest}")


def _tables(parts: list[Any]) -> Iterator[Table]:
    yield from {part.fullname: part for part in parts if isinstance(part, Table)}.values()


def _owner_parameter(part: object, owner: Owner) -> str | None:
    if not isinstance(part, BinaryExpression) or part.operator is not operators.eq:
        return None
    left, right = (part.left, part.right) if isinstance(part.right, BindParameter) else (part.right, part.left)
    return right.key if isinstance(right, BindParameter) and owner.column.shares_lineage(left) else None
