"""Connections to a PostgreSQL server that may stop answering: every wait for it ends, and few threads wait at once.

A frozen server, or one behind a network that went silent, still has its bytes acknowledged: no time limit of the
server's or of TCP's own ends such a wait.
"""

from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

from app.bulkhead import Bulkhead
from app.cache.breaker import Breaker

# Of a worker's eight threads.
PLACES = 4
# The server itself ends a statement, or its wait for a lock, before it counts as silent: then only that one failed.
STATEMENT_SECONDS = 3
ANSWER_SECONDS = 4
PROBE_SECONDS = 1
# The least that the driver knows.
CONNECT_SECONDS = 2

IDLE, WAITING = TransactionStatus.IDLE, (TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN)


class Line:
    """What the connections of one engine know together of their server."""

    def __init__(self) -> None:
        # One silence says enough: an answer takes milliseconds.
        self.breaker = Breaker("database", failures=1)
        self.places = Bulkhead("database", PLACES, psycopg.OperationalError)

    def ask(self) -> None:
        """Raise OperationalError while the server is silent, but for one caller a second."""
        if not self.breaker.closed and not self.breaker.may_probe():
            raise psycopg.OperationalError("it does not answer, and is left alone for a moment")

    def connect(self, *args: Any, **options: Any) -> "TimedConnection":
        self.ask()
        with self.places:
            try:
                connection = TimedConnection.connect(*args, **options)
            except psycopg.errors.ConnectionTimeout as error:
                self.breaker.failed(error)
                raise
        self.breaker.succeeded()
        connection.line = self
        return connection


class TimedConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer does not come in time."""

    line: Line

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        line = self.line
        if self.pgconn.transaction_status != IDLE:
            # It may hold the locks that those in the places wait for.
            return self._answer(gen, interval)
        line.ask()
        with line.places:
            return self._answer(gen, interval)

    def rollback(self) -> None:
        # The pool rolls back whatever it takes back, and there may be nothing to ask the server for.
        if self.pgconn.transaction_status != IDLE:
            super().rollback()

    def _answer(self, gen: PQGen[Any], interval: float) -> Any:
        breaker = self.line.breaker
        was_closed = breaker.closed
        try:
            answer = super().wait(gen, interval, ANSWER_SECONDS if was_closed else PROBE_SECONDS)
        except psycopg.Error as error:
            status = self.pgconn.transaction_status
            if status not in WAITING:
                breaker.succeeded()
                raise
            if status == TransactionStatus.ACTIVE:
                breaker.failed(error)
            self.close()
            # Whatever the driver makes of half an answer, or of one that is none.
            raise psycopg.OperationalError(f"the database does not answer: {error}") from error
        if not was_closed:
            breaker.succeeded()
        return answer


def limits(seconds: int | None = None) -> dict[str, Any]:
    """What a connection is opened with, so that the server ends a statement after so long."""
    seconds = seconds or STATEMENT_SECONDS
    options = f"-c statement_timeout={seconds}s -c lock_timeout={seconds}s"
    return {"connect_timeout": CONNECT_SECONDS, "options": options}


def limit_waits(engine: Engine) -> None:
    """Have all of the engine's connections made by one `Line`."""
    line = Line()

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, args: Any, options: Any) -> TimedConnection:
        return line.connect(*args, **options)
