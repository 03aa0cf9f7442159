"""A PostgreSQL that stops answering: the wait for it ends, few wait at once, and it is used again when it is back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import bindparam, make_url, select, text
from sqlalchemy.exc import OperationalError

from app import postgres
from app.auth.models import User
from app.cache import breaker
from app.config import Settings
from app.db import Database
from app.postgres import ANSWER_SECONDS, CONNECT_SECONDS, PLACES, STATEMENT_SECONDS
from tests.forge.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.forge.redis_server import until

NAME = select(User.name).where(User.id == bindparam("user_id"))


class TestTheLimits:
    def test_leave_time_for_an_answer_within_five_seconds(self) -> None:
        assert max(ANSWER_SECONDS, CONNECT_SECONDS) < 5

    def test_let_the_server_end_a_slow_statement_first(self) -> None:
        assert STATEMENT_SECONDS < ANSWER_SECONDS


@pytest.fixture
def proxy(settings: Settings) -> Iterator[FaultProxy]:
    if settings.database_url.startswith("sqlite"):
        pytest.skip("These tests run on PostgreSQL")
    server = make_url(settings.database_url)
    with fault_proxy(server.host or "", server.port or 5432) as proxy:
        yield proxy


@pytest.fixture
def database(settings: Settings, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same one, over a line that can fail, with a connection of either kind that was used already."""
    url = make_url(settings.database_url).set(host="127.0.0.1", port=proxy.port)
    database = Database(url.render_as_string(hide_password=False))
    read(database)
    write(database)
    # From now on it is a matter of tenths of a second.
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(postgres, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(breaker, "PAUSE", 0.05)
    yield database
    proxy.fault = "pass"
    database.close()


def read(database: Database) -> list[Any]:
    return database.rows(NAME, {"user_id": 0})


def write(database: Database) -> None:
    with database.write() as db:
        db.execute(text("SELECT 1"))


@pytest.mark.both_databases
@pytest.mark.parametrize("fault", ["freeze", "reset", "garble"])
class TestADatabaseThatDoesNotAnswer:
    @pytest.fixture(autouse=True)
    def failed(self, database: Database, proxy: FaultProxy, fault: Fault) -> None:
        self.database, self.proxy = database, proxy
        proxy.fault = fault

    def test_is_an_error_that_is_answered_by_503_to_a_read(self) -> None:
        with pytest.raises(OperationalError):
            read(self.database)

    def test_is_the_same_to_a_write(self) -> None:
        with pytest.raises(OperationalError):
            write(self.database)

    def test_is_used_again_when_it_is_back(self) -> None:
        with pytest.raises(OperationalError):
            read(self.database)
        self.proxy.fault = "pass"
        until(lambda: answers(self.database))
        write(self.database)


def answers(database: Database) -> bool:
    try:
        read(database)
    except OperationalError:
        return False
    return True


@pytest.mark.both_databases
class TestADatabaseThatFreezes:
    @pytest.fixture(autouse=True)
    def frozen(self, database: Database, proxy: FaultProxy) -> None:
        self.database, self.proxy = database, proxy

    def test_is_left_alone_after_one_silence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breaker, "PAUSE", 60)
        self.proxy.fault = "freeze"
        with pytest.raises(OperationalError):
            read(self.database)
        with pytest.raises(OperationalError, match="left alone"):
            write(self.database)

    def test_in_the_middle_of_a_transaction_ends_the_wait_too(self) -> None:
        with pytest.raises(OperationalError):
            self.freeze_within()

    def freeze_within(self) -> None:
        with self.database.write() as db:
            db.execute(text("SELECT 1"))
            self.proxy.fault = "freeze"
            db.execute(text("SELECT 2"))

    def test_is_waited_for_by_few_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres, "ANSWER_SECONDS", 1)
        self.proxy.fault = "freeze"
        with ThreadPoolExecutor(8) as readers:
            errors = [reader.exception() for reader in [readers.submit(read, self.database) for _ in range(8)]]
        assert sum("too many wait" in str(error) for error in errors) == 8 - PLACES


@pytest.mark.both_databases
class TestAStatementThatIsSlow:
    def test_is_the_only_one_that_fails(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres, "ANSWER_SECONDS", 10)
        with pytest.raises(OperationalError, match="statement timeout"):
            run_out_of_time(database)
        write(database)


def run_out_of_time(database: Database) -> None:
    with database.write() as db:
        db.execute(text("SET LOCAL statement_timeout = 50"))
        db.execute(text("SELECT pg_sleep(5)"))
