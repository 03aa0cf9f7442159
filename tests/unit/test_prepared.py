"""Reads that the driver runs: they find what SQLAlchemy would, and fail as it does."""

import threading
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, event, func, literal_column, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from app.prepared import MOST_IDLE, PreparedRead, Unprepared
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory

BY_ID = select(User.id, User.name, User.email, User.email_verified, User.created_at).where(
    User.id == bindparam("user_id"), User.disabled.is_(False)
)
NAME = select(User.name).where(User.id == bindparam("user_id"))


def kept(database: Database) -> list[Any]:
    return database._connections._idle


@pytest.fixture
def own_database(database: Database) -> Iterator[Database]:
    """The same database, with connections of its own."""
    own = Database(database.engine.url.render_as_string(hide_password=False))
    yield own
    own.close()


class TestARead:
    @pytest.fixture(autouse=True)
    def made(self, own_database: Database, user_factory: UserFactory) -> None:
        self.database, self.user = own_database, user_factory(name="Zoë", email_verified=True)

    def test_finds_what_sqlalchemy_finds(self) -> None:
        with self.database.engine.connect() as connection:
            expected = connection.execute(BY_ID, {"user_id": self.user.id}).all()
        assert self.database.rows(BY_ID, {"user_id": self.user.id}) == expected

    def test_has_its_values_by_name_and_of_pythons_types(self) -> None:
        (row,) = self.database.rows(BY_ID, {"user_id": self.user.id})
        assert (row.name, row.email_verified, row.created_at.tzinfo) == ("Zoë", True, UTC)

    def test_finds_nothing_where_there_is_nothing(self) -> None:
        assert self.database.rows(BY_ID, {"user_id": 0}) == []

    def test_may_hold_values_of_its_own(self, blog_factory: BlogFactory) -> None:
        blog_factory(self.user, title="First light")
        start = select(func.substr(Blog.title, 1, 5).label("start")).where(Blog.owner_id == bindparam("owner_id"))
        assert self.database.rows(start.limit(1), {"owner_id": self.user.id}) == [("First",)]

    def test_sees_what_was_committed_since_the_last(self) -> None:
        self.database.rows(NAME, {"user_id": self.user.id})
        with self.database.write() as session:
            session.execute(User.__table__.update().where(User.id == self.user.id).values(name="Zoe"))  # type: ignore[attr-defined]
        assert self.database.rows(NAME, {"user_id": self.user.id}) == [("Zoe",)]

    def test_keeps_its_connection_for_the_next(self) -> None:
        for _ in range(3):
            self.database.rows(NAME, {"user_id": self.user.id})
        assert len(kept(self.database)) == 1

    def test_leaves_nothing_open(self) -> None:
        self.database.rows(NAME, {"user_id": self.user.id})
        (connection,) = kept(self.database)
        in_transaction = getattr(connection, "in_transaction", None)
        assert in_transaction is False or connection.info.transaction_status.name == "IDLE"

    def test_is_heard_by_who_listens_to_sqlalchemy(self) -> None:
        heard: list[str] = []
        event.listen(self.database.engine, "before_cursor_execute", lambda *args: heard.append(args[2]))
        self.database.rows(NAME, {"user_id": self.user.id})
        assert "FROM users" in heard[-1]


class TestReadsAtOnce:
    def test_have_a_connection_each(self, own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        both = threading.Barrier(2, timeout=15)
        connected = own_database._connections._connected
        monkeypatch.setattr(own_database._connections, "_connected", lambda: (both.wait(), connected())[1])
        threads = [threading.Thread(target=own_database.rows, args=(NAME, {"user_id": 0})) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(kept(own_database)) == 2


class TestAConnectionThatIsLost:
    @pytest.fixture(autouse=True)
    def lost(self, own_database: Database, user_factory: UserFactory) -> None:
        self.database, self.user = own_database, user_factory(name="Ada")
        self.database.rows(NAME, {"user_id": self.user.id})
        (connection,) = kept(self.database)
        if self.database.engine.name == "sqlite":
            pytest.skip("SQLite has no server to lose.")
        with self.database.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": connection.info.backend_pid})

    def test_is_replaced(self) -> None:
        assert self.database.rows(NAME, {"user_id": self.user.id}) == [("Ada",)]


class TestMoreReadsAtOnceThanAreKept:
    def test_leave_only_so_many_connections(self, own_database: Database) -> None:
        connections = own_database._connections
        taken = [connections._connected() for _ in range(MOST_IDLE + 2)]
        for connection in taken:
            connections._fetch_by(connection, "SELECT 1", [])
        assert len(kept(own_database)) == MOST_IDLE


class TestAValueThatNoDriverTakes:
    def test_costs_the_connection_and_leaves_none_open(self, own_database: Database) -> None:
        with pytest.raises(Exception, match=r"large|range|out of"):
            own_database.rows(NAME, {"user_id": 2**70})
        assert kept(own_database) == []


class TestADatabaseThatCannotBeOpened:
    def test_is_the_error_that_sqlalchemy_raises(self, tmp_path: Path) -> None:
        with pytest.raises(OperationalError):
            Database(f"sqlite:///{tmp_path}/nowhere/x.db").rows(NAME, {"user_id": 1})


class TestAStatementThatFails:
    @pytest.fixture(autouse=True)
    def failed(self, own_database: Database) -> None:
        self.database = own_database
        with pytest.raises((OperationalError, ProgrammingError)) as self.error:
            own_database.rows(select(literal_column("nothing", User.id.type)), {})

    def test_says_so_without_a_value(self) -> None:
        assert "parameters" not in str(self.error.value) or "hidden" in str(self.error.value)

    def test_leaves_no_connection_to_the_next(self) -> None:
        assert kept(self.database) == []


class TestAParameterThatSqlalchemyWouldConvert:
    def test_is_refused(self, database: Database) -> None:
        since = select(User.id).where(User.created_at > bindparam("since", type_=User.created_at.type))
        with pytest.raises(Unprepared):
            PreparedRead(since, database.engine.dialect)

    def test_is_refused_as_a_list(self, database: Database) -> None:
        among = select(User.id).where(User.id.in_(bindparam("ids", expanding=True)))
        with pytest.raises(Unprepared):
            PreparedRead(among, database.engine.dialect)
