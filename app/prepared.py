"""Reads compiled once: SQLAlchemy writes the statement, and the driver runs it.

What SQLAlchemy does for every execution (a connection from the pool, BEGIN, ROLLBACK, a result with its metadata) is
nine tenths of the cost of a small read. What it does for a statement is done here once: its text, the order of its
parameters, what turns the driver's values into Python's.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import starmap
from typing import Any

from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import DBAPIError

# One for each thread of a worker: those that are opened for each burst cost more than the reads.
MOST_IDLE = 8


class Unprepared(Exception):
    """A statement whose parameters SQLAlchemy itself would have to convert."""


class PreparedRead:
    """A statement for one dialect: `sql` for its driver, and the driver's parameters and rows."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        for name, bind in compiled.binds.items():
            if bind.type.dialect_impl(dialect).bind_processor(dialect) or bind.expanding or bind.literal_execute:
                raise Unprepared(f"The parameter {name} of this read is none that a driver takes as it is:\n{compiled}")
        self.sql: str = compiled.string
        self._order: list[str] | None = compiled.positiontup
        self._given = {name: value for name, value in compiled.params.items() if value is not None}
        columns = statement.selected_columns
        self._row: Callable[..., Any] = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        converters = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._converters = [(place, convert) for place, convert in enumerate(converters) if convert]

    def parameters(self, values: Mapping[str, object]) -> Any:
        """The values, and those that stand in the statement itself, as the driver takes them."""
        every = {**self._given, **values}
        return every if self._order is None else [every[name] for name in self._order]

    def rows(self, fetched: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The driver's rows, their values by name."""
        if not self._converters:
            return list(starmap(self._row, fetched))
        found = []
        for row in fetched:
            values = list(row)
            for place, convert in self._converters:
                values[place] = convert(values[place])
            found.append(self._row(*values))
        return found


class DriverConnections:
    """Connections of the driver's own, each in the hands of one thread at a time; MOST_IDLE are kept for the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._dialect = engine, engine.dialect
        self._error: Any = engine.dialect.loaded_dbapi.Error
        self._idle: list[Any] = []

    def fetch(self, sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        """All that the statement finds: a transaction of its own. Raises what SQLAlchemy raises."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._fetch_by(self._connected(), sql, parameters)
        try:
            return self._fetch_by(connection, sql, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # It was lost while nobody used it, and so were the others. A new one tells whether the database is there.
        self.close()
        return self._fetch_by(self._connected(), sql, parameters)

    def close(self) -> None:
        """Close those that nobody uses."""
        # Another thread may take the last one meanwhile.
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _fetch_by(self, connection: Any, sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        try:
            found: list[tuple[Any, ...]] = connection.execute(sql, parameters).fetchall()
        except self._error as error:
            known = self._as_sqlalchemys(error, sql, connection)
            connection.close()
            raise known from error
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return found

    def _connected(self) -> Any:
        try:
            pooled = self._engine.raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()
            # Each statement is a transaction, which ends with it.
            self._dialect.set_isolation_level(connection, "AUTOCOMMIT")
        except self._error as error:
            raise self._as_sqlalchemys(error, "", None) from error
        return connection

    def _as_sqlalchemys(self, error: Any, sql: str, connection: Any) -> Any:
        return DBAPIError.instance(
            *(sql, None, error, self._error),
            hide_parameters=True,
            connection_invalidated=self._dialect.is_disconnect(error, connection, None),
            dialect=self._dialect,
        )
