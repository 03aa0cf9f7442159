"""How much somebody may have: capped in the transaction that writes, however many write at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.attachments.models import Attachment
from app.attachments.sweep import sweep
from app.auth.models import User
from app.blogs.commands import count_anew
from app.blogs.models import Blog
from app.db import Database
from app.images.server import ImageServer
from app.sharing.models import Share
from app.storage.store import sha256_of
from tests.conftest import NewApp
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.picture import PICTURE
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.attachments.uploader import Uploader
from tests.unit.blogs.answers import outcome
from tests.unit.conftest import ClientFor
from tests.unit.cost import counted

pytestmark = pytest.mark.both_databases

DRAFT = {"title": "First light", "content": "It was bright."}
BYTES = len("First light" + "It was bright.")
AT_ONCE = 6


def counts(database: Database, user: User) -> tuple[int, int, int, int]:
    with database.read() as db:
        found = db.get_one(User, user.id)
        return found.blog_count, found.text_bytes, found.file_bytes, found.pending_uploads


def declaration(size: int) -> dict[str, Any]:
    return {"filename": "film.mp4", "content_type": "video/mp4", "size": size, "sha256": sha256_of(b"")}


class Limited:
    """Somebody on a blog with the limits of the class."""

    limit: tuple[str, int]

    @pytest.fixture(autouse=True)
    def limited(self, new_app: NewApp, client_for: ClientFor, user: User) -> None:
        self.app = new_app(**dict([self.limit]))
        self.caller: FlaskClient = client_for(user, app=self.app)

    def publish(self, **changes: str) -> tuple[int, Any]:
        return outcome(self.caller.post("/api/blogs", json={**DRAFT, **changes}))


class TestSomebodyWithAsManyBlogsAsMayBe(Limited):
    limit = ("quota_blogs", 2)
    sentence = "You have 2 of 2 blogs. Delete some that you do not need, then save this one again."

    @pytest.fixture(autouse=True)
    def full(self, user: User, blog_factory: BlogFactory) -> None:
        self.blogs = [blog_factory(user) for _ in range(2)]

    def test_is_told_so_by_the_api(self) -> None:
        assert self.publish() == (422, {"error": self.sentence, "fields": {"blogs": self.sentence}})

    def test_has_no_more(self, database: Database, user: User) -> None:
        self.publish()
        with database.read() as db:
            assert len(db.scalars(select(Blog.id).where(Blog.owner_id == user.id)).all()) == 2

    def test_finds_what_was_typed_beside_the_reason(self) -> None:
        answer = self.caller.post("/blogs/new", data={**DRAFT, "step": "save"})
        assert (answer.status_code, self.sentence in answer.text, DRAFT["content"] in answer.text) == (422, True, True)

    def test_may_change_one(self) -> None:
        assert self.caller.patch(f"/api/blogs/{self.blogs[0].id}", json=DRAFT).status_code == 200

    def test_may_write_one_after_deleting_one(self) -> None:
        self.caller.delete(f"/api/blogs/{self.blogs[0].id}")
        assert self.publish()[0] == 201


class TestSomebodyWhoPublishesAtOnce(Limited):
    limit = ("quota_blogs", 2)

    def test_has_no_more_than_may_be(self, database: Database, user: User) -> None:
        start = Barrier(AT_ONCE)

        def publish(_turn: int) -> int:
            start.wait(30)
            return self.publish()[0]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = sorted(pool.map(publish, range(AT_ONCE)))
        assert (statuses, counts(database, user)[0]) == ([201] * 2 + [422] * 4, 2)


class TestSomebodyWithAsMuchTextAsMayBe(Limited):
    limit = ("quota_text_bytes", BYTES + 4)
    sentence = (
        f"Your texts take {BYTES} bytes of {BYTES + 4} bytes, and this would be 6 bytes more. "
        "Shorten it, or delete blogs that you do not need."
    )

    @pytest.fixture(autouse=True)
    def full(self, limited: None) -> None:
        _, self.blog = self.publish()

    def change(self, content: str) -> tuple[int, Any]:
        return outcome(self.caller.patch(f"/api/blogs/{self.blog['id']}", json={"content": content}))

    def test_writes_no_more(self) -> None:
        assert self.publish()[0] == 422

    def test_makes_none_longer(self) -> None:
        # Three letters are six bytes.
        status, answer = self.change(DRAFT["content"] + "äöü")
        assert (status, answer.get("fields")) == (422, {"text_bytes": self.sentence})

    def test_finds_an_edit_beside_the_reason(self) -> None:
        form = {**DRAFT, "content": DRAFT["content"] + "äöü", "version": "1"}
        answer = self.caller.post(f"/blogs/{self.blog['id']}/edit", data=form)
        assert (answer.status_code, self.sentence in answer.text, "äöü" in answer.text) == (422, True, True)

    def test_may_shorten_one_even_when_it_is_too_much_by_now(
        self, new_app: NewApp, client_for: ClientFor, user: User
    ) -> None:
        caller = client_for(user, app=new_app(quota_text_bytes=1))
        assert caller.patch(f"/api/blogs/{self.blog['id']}", json={"content": "Dark."}).status_code == 200


class TestSomebodyWithAsManyFilesAsMayBe(Limited):
    limit = ("quota_file_bytes", 1000)

    @pytest.fixture(autouse=True)
    def full(self, limited: None) -> None:
        self.status = self.caller.post("/api/attachments", json=declaration(900)).status_code

    def test_had_room_for_one(self) -> None:
        assert self.status == 201

    def test_is_told_so_of_what_is_only_declared(self) -> None:
        status, answer = outcome(self.caller.post("/api/attachments", json=declaration(101)))
        sentence = (
            "Your files take 900 bytes of 1000 bytes, and this one has 101 bytes. "
            "Delete blogs whose files you do not need: a day later their place is free."
        )
        assert (status, answer.get("fields")) == (422, {"file_bytes": sentence})

    def test_may_add_what_fits(self) -> None:
        assert self.caller.post("/api/attachments", json=declaration(100)).status_code == 201


class TestSomebodyWithAsManyUploadsAsMayBe(Limited):
    limit = ("quota_pending_uploads", 1)

    @pytest.fixture(autouse=True)
    def full(self, limited: None, user: User) -> None:
        self.uploader = Uploader(self.caller, user)
        self.first = self.uploader.uploaded(PICTURE)

    def test_begins_no_more(self) -> None:
        status, answer = outcome(self.uploader.declare(PICTURE))
        assert (status, [*answer.get("fields", [])]) == (422, ["pending_uploads"])

    def test_begins_another_when_it_is_finished(self) -> None:
        self.uploader.finish(self.first)
        assert self.uploader.declare(PICTURE).status_code == 201


class TestSomebodyWhoSharesWithOnePerson(Limited):
    limit = ("quota_shares_with_person", 2)

    @pytest.fixture(autouse=True)
    def full(self, limited: None, user: User, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.reader = user_factory()
        self.blogs = [blog_factory(user, shared_with=self.reader) for _ in range(2)] + [blog_factory(user)]

    def share(self, email: str | None) -> tuple[int, Any]:
        return outcome(self.caller.post(f"/api/blogs/{self.blogs[-1].id}/shares", json={"email": email}))

    def test_shares_no_more(self) -> None:
        sentence = "You share 2 blogs with this address, which is the most. Stop sharing one first"
        status, answer = self.share(self.reader.email)
        assert (status, answer.get("fields")) == (422, {"email": sentence})

    def test_shares_with_somebody_else(self) -> None:
        assert self.share("somebody.else@people.invalid")[0] == 201

    def test_is_not_held_to_what_others_share_with_that_person(
        self, client_for: ClientFor, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        other = user_factory()
        path = f"/api/blogs/{blog_factory(other).id}/shares"
        caller = client_for(other, app=self.app)
        assert caller.post(path, json={"email": self.reader.email}).status_code == 201


class TestTheCounts:
    def test_follow_what_is_written(self, caller: FlaskClient, database: Database, user: User) -> None:
        blog_id = caller.post("/api/blogs", json=DRAFT).get_json()["id"]
        after = [counts(database, user)]
        caller.patch(f"/api/blogs/{blog_id}", json={"title": "Ö"})
        after.append(counts(database, user))
        both = BYTES + 2 + len("It was bright.")
        caller.delete(f"/api/blogs/{blog_id}")
        after.append(counts(database, user))
        caller.post(f"/blogs/bin/{blog_id}/delete")
        after.append(counts(database, user))
        assert after == [(1, BYTES, 0, 0), (1, both, 0, 0), (0, both, 0, 0), (0, 0, 0, 0)]

    def test_follow_an_upload_until_it_is_swept(
        self, uploader: Uploader, database: Database, images: ImageServer
    ) -> None:
        size, user = len(PICTURE), uploader.user
        waiting = uploader.uploaded(PICTURE)
        after = [counts(database, user)]
        uploader.finish(waiting)
        after.append(counts(database, user))
        with database.write() as db:
            # And not a later sweep, which would take what other tests are about to use.
            for file in db.scalars(select(Attachment).where(Attachment.uploader_id == user.id)):
                file.finished_at = datetime.now(UTC) - timedelta(days=2)
        list(sweep(database, images.store, datetime.now(UTC), dry_run=False))
        after.append(counts(database, user))
        assert after == [(0, 0, size, 1), (0, 0, size, 0), (0, 0, 0, 0)]

    def test_are_not_moved_by_a_write_that_fails(self, caller: FlaskClient, database: Database, user: User) -> None:
        assert caller.post("/api/blogs", json={**DRAFT, "attachment_id": 2**62}).status_code == 404
        assert counts(database, user) == (0, 0, 0, 0)

    def test_are_not_moved_by_what_a_savepoint_took_back(self, database: Database, user: User) -> None:
        keyed = {**DRAFT, "owner_id": user.id, "client_key": "the same"}
        with database.write() as db:
            db.add(Blog(**keyed))
            db.flush()
            with suppress(IntegrityError), db.begin_nested():
                db.add(Blog(**keyed))
            db.add(Blog(owner_id=user.id, **DRAFT))
        assert counts(database, user) == (2, 2 * BYTES, 0, 0)

    def test_of_a_refused_file_has_no_upload_to_finish(self, uploader: Uploader, database: Database) -> None:
        uploader.finish(uploader.uploaded(b"no picture"))
        assert counts(database, uploader.user) == (0, 0, len(b"no picture"), 0)

    def test_cost_a_write_one_statement_however_much_there_is(
        self, caller: FlaskClient, database: Database, user: User
    ) -> None:
        with counted(database) as cost:
            caller.post("/api/blogs", json=DRAFT)
        assert [text.split(" ", 2)[1] for text in cost.statements if "blog_count" in text] == ["users"]
        assert not any("count(" in text for text in cost.statements)

    def test_are_made_anew_by_a_recount(
        self, database: Database, user: User, blog_factory: BlogFactory, attachment_factory: AttachmentFactory
    ) -> None:
        size = attachment_factory(user, blog_factory(user, title="Ö", content="\\äö")).size
        before = counts(database, user)
        with database.write() as db:
            db.get_one(User, user.id).text_bytes = -7
            db.get_one(User, user.id).file_bytes = -7
            count_anew(db)
        assert (before, counts(database, user)) == ((1, 7, size, 0), (1, 7, size, 0))

    def test_come_with_the_owner_of_each_share_in_a_recount(
        self, database: Database, user: User, blog_factory: BlogFactory, share_factory: ShareFactory
    ) -> None:
        # As written by code from before there were owners of shares, while a migration was under way.
        share = share_factory(blog_factory(user))
        with database.write() as db:
            db.get_one(Share, share.id).owner_id = 0
            db.flush()
            count_anew(db)
        with database.read() as db:
            assert db.get_one(Share, share.id).owner_id == user.id


class TestWhatSomebodyUses:
    @pytest.fixture(autouse=True)
    def using(self, new_app: NewApp, client_for: ClientFor, user: User, blog_factory: BlogFactory) -> None:
        blog_factory(user, title=DRAFT["title"], content=DRAFT["content"])
        self.caller = client_for(user, app=new_app(quota_file_bytes=5 * 1024**3))
        self.caller.post("/api/attachments", json=declaration(int(3.2 * 1024**3)))

    def test_is_told_by_the_api(self) -> None:
        used = self.caller.get("/api/usage").get_json()
        assert used["file_bytes"] == {"used": 3435973836, "limit": 5368709120, "shown": "3.2 GB of 5 GB"}
        assert [used[name]["used"] for name in ("blogs", "text_bytes", "pending_uploads")] == [1, BYTES, 1]

    def test_is_shown_on_a_page(self) -> None:
        assert "<dd>3.2 GB of 5 GB</dd>" in self.caller.get("/account").text
