"""The database: one engine a process, short reads, and writes that queue instead of failing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Select,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from app.prepared import DriverConnections, PreparedRead

BUSY_SECONDS = 10
MAX_ID = 2**63 - 1

# Options of the connection for `with database.write()`, read when its transaction begins.
WRITING = "inkwell_writing"


class Base(DeclarativeBase):
    # SQLite counts rows only in a column of exactly this type; its integers have 64 bits anyway.
    type_annotation_map: ClassVar = {int: BigInteger().with_variant(Integer(), "sqlite")}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, also on a database that keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        return _from_text if dialect.name == "sqlite" else _in_utc


def _from_text(value: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{value}+00:00") if value else None


def _in_utc(value: datetime | None) -> datetime | None:
    return value and value.astimezone(UTC)


class Database:
    """The blog's database, by SQLAlchemy URL. What people wrote never shows in its errors, which are logged."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.sessions = sessionmaker(expire_on_commit=False)
        # SQLAlchemy gathers the listeners of a class of sessions at the first of them, and where threads make their
        # first ones at once, some can be left with none: they would move no count and no cache version.
        _ = self.sessions().dispatch
        self._connections = DriverConnections(self.engine)
        self._prepared: dict[Select[*tuple[Any, ...]], PreparedRead] = {}

    def rows(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, object]) -> list[Any]:
        """What the statement finds, each row's values by name, as committed by now: a transaction of its own.

        The statement is built once, at import, and its parameters are bound by name; it is kept for good. Raises
        what SQLAlchemy raises.
        """
        if self.engine.dispatch.before_cursor_execute:
            # Whoever listens to SQLAlchemy, as a tracer does, hears of this read too.
            with self.engine.connect() as connection:
                return list(connection.execute(statement, parameters).all())
        read = self._prepared.get(statement)
        if read is None:
            read = self._prepared[statement] = PreparedRead(statement, self.engine.dialect)
        return read.rows(self._connections.fetch(read.sql, read.parameters(parameters)))

    def close(self) -> None:
        """Let go of every connection. The database can still be used."""
        self._connections.close()
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose changes are thrown away."""
        with self.sessions(bind=self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or rolled back by an exception.

        Make no network call inside: on SQLite this holds the only write lock.
        """
        with (
            self.engine.connect().execution_options(**{WRITING: True}) as connection,
            self.sessions(bind=connection) as session,
        ):
            yield session
            session.commit()


def make_engine(url: str, *, waits_long: bool = False, **options: Any) -> Engine:
    """An engine for that URL; one that waits long is for work that nobody is waiting for."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Here, because on SQLite the driver of PostgreSQL need not be loaded.
    from app.postgres import limit_waits, limits

    connect_args = limits(BUSY_SECONDS if waits_long else None)
    engine = create_engine(url, pool_pre_ping=True, connect_args=connect_args, hide_parameters=True, **options)
    if not waits_long:
        limit_waits(engine)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes late and is never IMMEDIATE: see _begin_sqlite.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Changing the mode needs the database for oneself, and it stays changed: only the first connection asks.
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: SQLite fails it at once.
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
