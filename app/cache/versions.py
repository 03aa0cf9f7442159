"""Which rows belong to whom, and the version that moves with every write to them.

Why a cached answer is never staler than the version it is read under:

1. The version and what it covers change in one transaction, so every snapshot of the database in which a scope
   has version v shows the same content, content(v). (A query reads nothing else: see CacheableQuery.owners.)
2. A reader takes v from a committed row. Only then does it look for an entry, or open a new connection to fill it.
   That later snapshot of the same database has some version w >= v, so an entry under v holds content(w): what v
   promised, or newer and already committed. It is never older.
3. A writer that rolls back takes its version with it, and nobody else has seen either.
4. No version comes twice. It is the time of the write, or one more than before where the clock lags, so an id used
   again, a database built anew or one restored from a backup does not meet entries of its former life. (Clear the
   cache after a restore all the same: under the version that is back may be content(w) that is not.)

So the version must be read outside the transaction that writes, and neither read may go to a lagging replica. On
SQLite a session that writes must start with BEGIN IMMEDIATE, or a row's owner may change between asking and writing.
Out of sight are SQL given as text, writes inside a CTE, triggers, and the database's own cascades from one owner's row
to another's: after those, call `bump` in the same transaction.
"""

import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, UpdateBase, case, event, select, update
from sqlalchemy.orm import InstanceState, InstrumentedAttribute, Mapper, Session, object_session
from sqlalchemy.sql import visitors

OWNER = "cache_owner"
TOUCHED = "cache_touched"
OUTDATED = "cache_outdated"

_counting: ContextVar[bool] = ContextVar("counting", default=False)


@dataclass(frozen=True, slots=True)
class Scope:
    kind: str
    id: int
    version: int

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


class Owner(NamedTuple):
    column: Column[int]
    version: Column[int]
    aside: Column[Any] | None

    @property
    def kind(self) -> str:
        return str(self.version.table.name)


class UncountedWrite(Exception):
    """A write that would leave cached answers stale."""


def new_version() -> int:
    return time.time_ns() // 1000


def next_version(column: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int]:
    """The version after the one in that column: the time, or one more where the clock lags."""
    now = new_version()
    return case((column >= now, column + 1), else_=now)


def owned_by(
    owner: InstrumentedAttribute[Any],
    version: InstrumentedAttribute[int],
    *,
    aside: InstrumentedAttribute[Any] | None = None,
) -> None:
    """The rows of `owner`'s class belong to the row that `owner` names, whose version is in `version`.

    Of a change to the column `aside` alone the owner is not to learn: it moves no version, and no cached read may
    use it.
    """
    column = _column(owner)
    column.table.info[OWNER] = Owner(column, _column(version), _column(aside) if aside else None)
    for moment, listener in (
        ("before_insert", _before_write),
        ("before_update", _before_update),
        ("before_delete", _before_write),
        ("after_insert", _after_write),
        ("after_update", _after_update),
    ):
        event.listen(owner.class_, moment, listener, raw=True, propagate=True)


def owner_of(table: object) -> Owner | None:
    return table.info.get(OWNER) if isinstance(table, Table) else None


def bump(connection: Connection, version: Column[Any] | InstrumentedAttribute[int], owner_id: int) -> Scope | None:
    """Give the owner its next version. Returns the scope that this outdates."""
    column = version if isinstance(version, Column) else _column(version)
    (key,) = column.table.primary_key
    old = connection.scalar(select(column).where(key == owner_id))
    later = update(column.table).where(key == owner_id).values({column: next_version(column)})
    before = _counting.set(True)
    try:
        connection.execute(later)
    finally:
        _counting.reset(before)
    return None if old is None else Scope(column.table.name, owner_id, old)


def _column(attribute: InstrumentedAttribute[Any]) -> Column[int]:
    column: Column[int] = attribute.class_.__mapper__.local_table.c[attribute.property.columns[0].key]
    return column


def _before_write(mapper: Mapper[Any], connection: Connection, state: InstanceState[Any]) -> None:
    _counting.set(True)
    if state.identity is not None:
        _touch(mapper, connection, state, state.identity)


def _after_write(mapper: Mapper[Any], connection: Connection, state: InstanceState[Any]) -> None:
    _touch(mapper, connection, state, mapper.primary_key_from_instance(state.obj()))


def _before_update(mapper: Mapper[Any], connection: Connection, state: InstanceState[Any]) -> None:
    _counting.set(True)
    if not _is_aside(mapper, state):
        _before_write(mapper, connection, state)


def _after_update(mapper: Mapper[Any], connection: Connection, state: InstanceState[Any]) -> None:
    if not _is_aside(mapper, state):
        _after_write(mapper, connection, state)


def _is_aside(mapper: Mapper[Any], state: InstanceState[Any]) -> bool:
    """Whether nothing but the column changes of which the owner is not to learn."""
    aside = _owner(mapper).aside
    changed = {each.columns[0].name for each in mapper.column_attrs if state.attrs[each.key].history.has_changes()}
    return aside is not None and changed == {aside.name}


def _owner(mapper: Mapper[Any]) -> Owner:
    return next(owner for table in mapper.tables if (owner := owner_of(table)))


def _touch(mapper: Mapper[Any], connection: Connection, state: InstanceState[Any], identity: Sequence[Any]) -> None:
    # The object may have been loaded before somebody else gave its row away: ask the row, and hold it.
    owner = _owner(mapper)
    here = (column == value for column, value in zip(mapper.primary_key, identity, strict=True))
    owner_id = connection.scalar(select(owner.column).where(*here).with_for_update(key_share=True))
    session = object_session(state.obj())
    if owner_id is not None and session is not None:
        session.info.setdefault(TOUCHED, {})[owner.kind, owner_id] = (owner, connection)


@event.listens_for(Session, "after_flush")
def _bump_touched(session: Session, _context: object) -> None:
    # In order, so that two transactions that touch the same owners cannot wait for each other.
    for (_kind, owner_id), (owner, connection) in sorted(session.info.pop(TOUCHED, {}).items(), key=lambda t: t[0]):
        outdated = bump(connection, owner.version, owner_id)
        if outdated is not None:
            session.info.setdefault(OUTDATED, []).append(outdated)
    _counting.set(False)


@event.listens_for(Session, "after_soft_rollback")
def _forget_touched(session: Session, _transaction: object) -> None:
    _counting.set(False)
    session.info.pop(TOUCHED, None)
    session.info.pop(OUTDATED, None)


@event.listens_for(Engine, "before_execute")
def _refuse_uncounted(_connection: Connection, statement: object, *_: object) -> None:
    if not isinstance(statement, UpdateBase) or _counting.get():
        return
    for part in visitors.iterate(statement.table):
        if owner_of(part) is not None:
            raise UncountedWrite(
                f"This would change rows of {part} behind the back of their owners' cached answers. Add, change or "
                "delete them as objects of a session, which moves their owners' versions too."
            )
