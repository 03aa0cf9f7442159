"""The database: short reads, and writers that wait for each other instead of failing."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.event.attr import _ClsLevelDispatch
from sqlalchemy.exc import IntegrityError, OperationalError

from app.auth.models import User
from app.blogs.models import Blog
from app.config import Settings
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory

pytestmark = pytest.mark.both_databases

WRITERS, EACH = 8, 25


@pytest.mark.programs
class TestEightWritersAtOnce:
    @pytest.fixture(autouse=True)
    def written(self, database: Database, user_factory: UserFactory) -> None:
        self.user = user_factory()

        def write(number: int) -> None:
            for turn in range(EACH):
                # What fails is lost.
                with contextlib.suppress(OperationalError), database.write() as db:
                    # Reads before it writes: a deferred transaction cannot wait after that, and fails.
                    db.scalar(select(func.count()).select_from(Blog))
                    db.add(Blog(owner_id=self.user.id, title=f"{number}.{turn}", content="C"))

        with ThreadPoolExecutor(WRITERS) as writers:
            list(writers.map(write, range(WRITERS)))

    def test_lose_nothing(self, database: Database) -> None:
        with database.read() as db:
            titles = db.scalars(select(Blog.title).where(Blog.owner_id == self.user.id)).all()
        assert sorted(titles) == sorted(f"{number}.{turn}" for number in range(WRITERS) for turn in range(EACH))


class TestTheFirstSession:
    def test_finds_the_listeners_gathered(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        database = Database(settings.database_url)
        gathered: list[type] = []
        monkeypatch.setattr(_ClsLevelDispatch, "update_subclass", lambda _event, cls: gathered.append(cls))
        # Without a list of their own, SQLAlchemy ends with a KeyError here.
        with contextlib.suppress(KeyError), database.read() as db:
            db.flush()
        assert gathered == []


class TestAWriteThatFails:
    @pytest.fixture(autouse=True)
    def failed(self, database: Database, user_factory: UserFactory) -> None:
        self.user = user_factory(name="Before")
        with contextlib.suppress(ZeroDivisionError), database.write() as db:
            db.get_one(User, self.user.id).name = "After"
            db.flush()
            _ = 1 / 0

    def test_changes_nothing(self, database: Database) -> None:
        with database.read() as db:
            assert db.get_one(User, self.user.id).name == "Before"


class TestARead:
    def test_throws_its_changes_away(self, database: Database, user_factory: UserFactory) -> None:
        user = user_factory(name="Before")
        with database.read() as db:
            db.get_one(User, user.id).name = "After"
            db.flush()
        with database.read() as db:
            assert db.get_one(User, user.id).name == "Before"


class TestADeletedUser:
    def test_leaves_no_blogs_behind(
        self, database: Database, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        user = user_factory()
        blog_factory(user)
        with database.write() as db:
            db.execute(text("DELETE FROM users WHERE id = :id"), {"id": user.id})
        with database.read() as db:
            assert db.scalar(select(func.count()).where(Blog.owner_id == user.id)) == 0


class TestTwoUsersOfOneIdentity:
    def test_are_refused(self, user_factory: UserFactory) -> None:
        user = user_factory()
        with pytest.raises(IntegrityError):
            user_factory(subject=user.subject)

    def test_leave_nothing_of_theirs_in_the_error(self, user_factory: UserFactory) -> None:
        user = user_factory(name="Somebody's own name")
        with pytest.raises(IntegrityError) as refused:
            user_factory(subject=user.subject, name=user.name)
        assert user.name not in str(refused.value)


class TestAnIdThatIsFreeAgain:
    def test_is_not_given_out_again(self, database: Database, user_factory: UserFactory) -> None:
        gone = user_factory().id
        with database.write() as db:
            db.execute(text("DELETE FROM users WHERE id = :id"), {"id": gone})
        assert user_factory().id > gone


class TestADatabaseInAFile:
    def test_lets_readers_and_writers_pass_each_other(self, database: Database) -> None:
        if database.engine.name != "sqlite":
            pytest.skip("this one does by itself")
        with database.read() as db:
            assert db.scalar(text("PRAGMA journal_mode")) == "wal"


class TestADateInAnotherZone:
    def test_comes_back_as_the_same_moment_in_utc(self, database: Database, user_factory: UserFactory) -> None:
        moment = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
        user = user_factory(created_at=moment)
        with database.read() as db:
            kept = db.get_one(User, user.id).created_at
        assert (kept, kept.tzinfo) == (moment, UTC)
