"""What sweeping takes, and what it never takes."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from app.attachments import sweep as sweeping
from app.attachments.models import Attachment
from app.attachments.queries import attach
from app.attachments.sweep import FEW, Swept, TooMuchUnknown, sweep
from app.auth.models import User
from app.blogs.forms import Change, Draft
from app.blogs.queries import publish, remove, revise
from app.config import Settings
from app.db import Base, Database, make_engine
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from app.storage.s3 import S3Store
from app.storage.store import PART_BYTES, Store, StoreUnavailable, sha256_of
from tests.factories.attachment import AttachmentFactory, send
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory

pytestmark = pytest.mark.both_databases

NOW = datetime.now(UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
IN_PARTS = {"sha256": sha256_of(b"") + "-1"}


@pytest.fixture(scope="module")
def database(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One of its own: a sweep takes what is useless, whoever made it."""
    if settings.database_url.startswith("sqlite"):
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('swept')}/inkwell.db")
    else:
        database = new_postgresql_database(settings.database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


def new_postgresql_database(beside: str) -> Database:
    name = f"swept_{uuid4().hex}"
    engine = make_engine(beside)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return Database(make_url(beside).set(database=name).render_as_string(hide_password=False))


@pytest.fixture(scope="module")
def user_factory(database: Database) -> UserFactory:
    return UserFactory.on(database)


@pytest.fixture(scope="module")
def blog_factory(database: Database) -> BlogFactory:
    return BlogFactory.on(database)


@pytest.fixture
def images(images: ImageServer, tmp_path: Path) -> ImageServer:
    """A store to sweep that no other test uses."""
    return ImageServer(DiskStore(tmp_path, "http://localhost/store", "secret"), images.cache, images.pool)


@pytest.fixture
def attachment_factory(database: Database, images: ImageServer) -> AttachmentFactory:
    return AttachmentFactory.with_files(database, images)


Run = Callable[..., list[Swept]]


@pytest.fixture
def run(database: Database, images: ImageServer, user: User) -> Run:
    """Sweep, and return what was taken from this user."""

    def run(*, dry_run: bool = False) -> list[Swept]:
        taken = list(sweep(database, images.store, NOW, dry_run=dry_run))
        return [each for each in taken if each.key.startswith((f"{user.id}/", "doctor/"))]

    return run


def is_there(database: Database, attachment: Attachment) -> bool:
    with database.read() as db:
        return db.get(Attachment, attachment.id) is not None


def make_old(folder: Path) -> None:
    """What is in the store is 25 hours old."""
    for path in folder.rglob("*"):
        os.utime(path, times=((NOW - 25 * HOUR).timestamp(),) * 2)


USELESS: dict[str, tuple[str, dict[str, Any]]] = {
    "an upload that was never finished": ("never finished", {"pending": True, "created_at": NOW - HOUR - MINUTE}),
    "parts that were never finished": (
        "never finished",
        {"pending": True, "created_at": NOW - 25 * HOUR, **IN_PARTS},
    ),
    "a refused upload": ("refused", {"pending": True, "refusal": "No.", "created_at": NOW - HOUR - MINUTE}),
    "a large upload that was never finished": (
        "never finished",
        {"pending": True, "created_at": NOW - 25 * HOUR, "size": PART_BYTES + 1},
    ),
    "a file on no blog": ("on no blog", {"finished_at": NOW - 25 * HOUR}),
    "a file that a blog had": (
        "on no blog",
        {"finished_at": NOW - 1000 * HOUR, "detached_at": NOW - 25 * HOUR},
    ),
}
USEFUL: dict[str, dict[str, Any]] = {
    "an upload on its way": {"pending": True, "created_at": NOW - HOUR + MINUTE},
    "parts on their way": {"pending": True, "created_at": NOW - 23 * HOUR, **IN_PARTS},
    "a large upload on its way": {"pending": True, "created_at": NOW - 23 * HOUR, "size": PART_BYTES + 1},
    "a file that was just refused": {"pending": True, "refusal": "No.", "created_at": NOW - MINUTE},
    "a file that may be attached yet": {"finished_at": NOW - 23 * HOUR},
    "a file that a blog had until lately": {
        "finished_at": NOW - 1000 * HOUR,
        "detached_at": NOW - 23 * HOUR,
    },
}


@pytest.mark.parametrize(("reason", "columns"), USELESS.values(), ids=list(USELESS))
class TestWhatIsUseless:
    @pytest.fixture(autouse=True)
    def made(
        self,
        attachment_factory: AttachmentFactory,
        user: User,
        columns: dict[str, Any],
        images: ImageServer,
    ) -> None:
        self.store = images.store
        self.attachment = attachment_factory(user, **columns)

    def test_is_taken(self, run: Run, database: Database, reason: str) -> None:
        assert run() == [Swept(self.attachment.key, reason)]

    def test_leaves_no_row_and_no_object(self, run: Run, database: Database, reason: str) -> None:
        run()
        assert (is_there(database, self.attachment), self.store.head(self.attachment.key)) == (False, None)

    def test_is_told_and_kept_on_a_dry_run(self, run: Run, database: Database, reason: str) -> None:
        told = run(dry_run=True)
        assert (told, is_there(database, self.attachment)) == ([Swept(self.attachment.key, reason)], True)

    def test_keeps_its_object_on_a_dry_run(self, run: Run, reason: str) -> None:
        run(dry_run=True)
        assert self.store.head(self.attachment.key) is not None

    def test_is_taken_once(self, run: Run, reason: str) -> None:
        run()
        assert run() == []


@pytest.mark.parametrize("columns", USEFUL.values(), ids=list(USEFUL))
class TestWhatMayBeOfUse:
    def test_is_kept(
        self,
        run: Run,
        attachment_factory: AttachmentFactory,
        user: User,
        columns: dict[str, Any],
    ) -> None:
        attachment_factory(user, **columns)
        assert run() == []


class TestAPictureOnABlog:
    @pytest.fixture
    def picture(self, attachment_factory: AttachmentFactory, blog_factory: BlogFactory, user: User) -> Attachment:
        return attachment_factory(user, blog_factory(user), finished_at=NOW - 1000 * HOUR)

    def test_is_kept_for_ever(self, run: Run, picture: Attachment, images: ImageServer) -> None:
        assert (run(), images.store.head(picture.key) is None) == ([], False)

    @pytest.mark.programs
    def test_is_kept_for_ever_as_its_readers_copy(
        self, run: Run, picture: Attachment, images: ImageServer, tmp_path: Path
    ) -> None:
        copy = images.shared_copy(picture.key, picture.uploader_id)
        make_old(tmp_path)
        run()
        assert images.store.head(copy) is not None

    def test_is_kept_when_it_is_attached_at_the_last_moment(
        self, run: Run, attachment_factory: AttachmentFactory, blog_factory: BlogFactory, user: User, database: Database
    ) -> None:
        late = attachment_factory(user, finished_at=NOW - 25 * HOUR)
        blog = blog_factory(user)
        run(dry_run=True)
        with database.write() as db:
            db.get_one(Attachment, late.id).blog_id = blog.id
        assert run() == []


class TestAPictureThatABlogHad:
    @pytest.fixture(autouse=True)
    def attached(self, attachment_factory: AttachmentFactory, blog_factory: BlogFactory, user: User) -> None:
        self.blog = blog_factory(user)
        self.picture = attachment_factory(user, self.blog, finished_at=NOW - 1000 * HOUR)

    @pytest.fixture(params=[Change(attachment_id=None), None], ids=["taken off", "deleted with it"])
    def left(self, request: pytest.FixtureRequest, database: Database, user: User) -> None:
        with database.write() as db:
            if request.param:
                revise(db, user.id, self.blog.id, request.param)
            else:
                remove(db, user.id, self.blog.id)

    @pytest.mark.usefixtures("left")
    def test_is_kept_for_the_time_being(self, run: Run) -> None:
        assert run() == []


class TestASweepDuringAWrite:
    def test_takes_nothing_that_is_attached_by_it(
        self, run: Run, attachment_factory: AttachmentFactory, user: User, database: Database
    ) -> None:
        attachment = attachment_factory(user, finished_at=NOW - 25 * HOUR)
        with ThreadPoolExecutor(1) as threads:
            with database.write() as db:
                blog = publish(db, user.id, Draft(title="T", content="C"))
                swept = threads.submit(run)
                until_somebody_waits_for(db, database)
                attach(db, user.id, blog.id, attachment.id)
            assert swept.result() == []


def until_somebody_waits_for(writer: Session, database: Database) -> None:
    """Until a transaction waits for the writer's rows. On SQLite it waits before it begins, and nobody can tell."""
    if database.engine.dialect.name == "sqlite":
        return
    pid = {"pid": writer.scalar(text("SELECT pg_backend_pid()"))}
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with database.read() as db:
            if db.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))"), pid):
                return
    raise TimeoutError("Nobody waits.")


class TestASweepWhoseStoreFails:
    @pytest.fixture(autouse=True)
    def failed(
        self, run: Run, attachment_factory: AttachmentFactory, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> None:
            raise StoreUnavailable

        self.attachment = attachment_factory(user, finished_at=NOW - 25 * HOUR)
        with monkeypatch.context() as patched:
            patched.setattr(DiskStore, "delete", fail)
            with pytest.raises(StoreUnavailable):
                run()

    def test_has_taken_the_row_first(self, database: Database) -> None:
        assert not is_there(database, self.attachment)

    def test_is_made_good_by_a_later_one(self, run: Run, tmp_path: Path) -> None:
        make_old(tmp_path)
        assert run() == [Swept(self.attachment.key, "object that no row knows")]


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.programs)])
def store(request: pytest.FixtureRequest, images: ImageServer, new_bucket: Callable[[], S3Store]) -> Store:
    return images.store if request.param == "disk" else new_bucket()


def put(images: ImageServer, store: Store, key: str) -> None:
    upload = store.presign_put(key, "image/png", size=1, sha256=sha256_of(b"x"), expires_in=60)
    send(ImageServer(store, images.cache, images.pool), upload, key, b"x")


class TestAnObjectThatNoRowKnows:
    @pytest.fixture(autouse=True)
    def stored(self, images: ImageServer, store: Store, database: Database) -> Iterator[None]:
        for key in ("7/lost", "doctor/gone", "backups/2026", "loose"):
            put(images, store, key)
        self.upload_id = store.create_multipart("7/parts", "video/mp4")
        self.store, self.database = store, database
        yield
        store.abort_multipart("7/parts", self.upload_id)

    def taken(self, age: timedelta, *, dry_run: bool = False) -> list[str]:
        swept = sweep(self.database, self.store, datetime.now(UTC) + age, dry_run=dry_run)
        return sorted(each.key for each in swept if each.reason.endswith("no row knows"))

    def left(self) -> list[str]:
        return sorted(each.key for each in self.store.list(""))

    def test_is_taken_after_a_day(self) -> None:
        assert self.taken(25 * HOUR) == ["7/lost", "7/parts", "doctor/gone"]

    def test_is_kept_for_a_day(self) -> None:
        assert self.taken(23 * HOUR) == []

    def test_is_gone_then_but_for_what_is_not_ours(self) -> None:
        self.taken(25 * HOUR)
        assert (self.left(), list(self.store.list_multiparts(""))) == (["backups/2026", "loose"], [])

    def test_is_kept_on_a_dry_run(self) -> None:
        self.taken(25 * HOUR, dry_run=True)
        assert self.left() == ["7/lost", "backups/2026", "doctor/gone", "loose"]


class TestAStoreOfWhichTheDatabaseKnowsLittle:
    """As after the restore of an older one."""

    @pytest.fixture(autouse=True)
    def uploaded_since(self, images: ImageServer, tmp_path: Path) -> None:
        for number in range(FEW + 1):
            put(images, images.store, f"7/since-{number}")
        make_old(tmp_path)

    def test_is_not_swept(self, database: Database, images: ImageServer) -> None:
        with pytest.raises(TooMuchUnknown, match="does not know 21 of the 21 files"):
            list(sweep(database, images.store, NOW, dry_run=False))
        assert len(list(images.store.list(""))) == FEW + 1

    def test_is_told_of_on_a_dry_run(self, database: Database, images: ImageServer) -> None:
        assert len(list(sweep(database, images.store, NOW, dry_run=True))) == FEW + 1

    def test_is_swept_by_who_insists(self, database: Database, images: ImageServer) -> None:
        list(sweep(database, images.store, NOW, dry_run=False, all_unknown=True))
        assert list(images.store.list("")) == []

    def test_is_swept_when_those_are_few_of_all(
        self, database: Database, images: ImageServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweeping, "FEW_OF_ALL", 1.0)
        assert len(list(sweep(database, images.store, NOW, dry_run=False))) == FEW + 1


class TestTheStore:
    def test_is_never_asked_while_the_database_is_held(
        self, run: Run, attachment_factory: AttachmentFactory, user: User, holds_no_connection: list[str]
    ) -> None:
        attachment_factory(user, finished_at=NOW - 25 * HOUR)
        run()
        assert holds_no_connection == []
