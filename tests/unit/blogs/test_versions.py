"""What a blog was before, and what is in the bin."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.attachments.models import Attachment
from app.attachments.sweep import sweep
from app.auth.models import User
from app.blogs import versions
from app.blogs.differences import MOST_PAIRS, Passage, differences
from app.blogs.versions import BIN_DAYS, Version, empty_bins
from app.db import Database
from app.images.server import ImageServer
from tests.factories.attachment import AttachmentFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

FIRST, SECOND = "The lamp is cold.", "The lamp is very cold."


class WithABlog:
    """A blog of the caller's, `path`, saved once and changed once."""

    @pytest.fixture(autouse=True)
    def changed(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        self.owner = user_factory()
        self.caller = client_for(self.owner)
        document = {"title": "First", "content": FIRST, "tags": ["lamps"]}
        blog = self.caller.post("/api/blogs", json=document).get_json()
        self.id, self.path = blog["id"], f"/api/blogs/{blog['id']}"
        self.caller.patch(self.path, json={"title": "Second", "content": SECOND, "tags": ["light", "lamps"]})

    def now(self) -> tuple[str, str, list[str]]:
        blog = self.caller.get(self.path).get_json()
        return blog["title"], blog["content"], blog["tags"]

    def page(self, path: str) -> str:
        return self.caller.get(f"/blogs/{self.id}{path}").text

    def kept(self, database: Database) -> list[tuple[int, str]]:
        with database.read() as db:
            mine = select(Version.number, Version.content).where(Version.blog_id == self.id)
            rows = db.execute(mine.order_by(Version.number))
            return [(row.number, row.content) for row in rows]


class TestABlogThatWasChanged(WithABlog):
    def test_keeps_what_it_was(self, database: Database) -> None:
        assert self.kept(database) == [(1, FIRST)]

    def test_keeps_what_it_was_when_only_its_tags_change(self, database: Database) -> None:
        self.caller.patch(self.path, json={"tags": []})
        assert self.kept(database) == [(1, FIRST), (2, SECOND)]

    def test_keeps_nothing_of_a_save_without_a_change(self, database: Database) -> None:
        self.caller.patch(self.path, json={"title": "Second", "content": SECOND})
        assert self.kept(database) == [(1, FIRST)]

    def test_lists_its_versions(self) -> None:
        assert "Version 1" in self.page("/versions")

    def test_marks_the_words_that_are_new(self) -> None:
        assert "(added: </span>very " in self.page("/versions/1")

    def test_marks_the_tags_that_are_new(self) -> None:
        assert "Tags: <ins>" in " ".join(self.page("/versions/1").split())

    def test_says_where_nothing_is_new(self) -> None:
        self.caller.patch(self.path, json={"title": "First", "content": FIRST, "tags": ["lamps"]})
        assert "The text of the blog is the same now." in self.page("/versions/1")

    def test_has_no_version_that_it_never_had(self) -> None:
        assert self.caller.get(f"/blogs/{self.id}/versions/2").status_code == 404

    def test_becomes_what_it_was(self) -> None:
        self.caller.post(f"/blogs/{self.id}/versions/1/restore")
        assert self.now() == ("First", FIRST, ["lamps"])

    def test_keeps_what_it_was_until_it_was_restored(self, database: Database) -> None:
        self.caller.post(f"/blogs/{self.id}/versions/1/restore")
        assert self.kept(database) == [(1, FIRST), (2, SECOND)]

    def test_is_listed_after_its_restoring_under_both_numbers(self) -> None:
        self.caller.post(f"/blogs/{self.id}/versions/1/restore")
        assert [f"Version {number}" in self.page("/versions") for number in (1, 2, 3)] == [True, True, False]


class TestABlogInTheBin(WithABlog):
    @pytest.fixture(autouse=True)
    def deleted(self, changed: None, database: Database, share_factory: ShareFactory, client_for: ClientFor) -> None:
        self.reader = UserFactory.on(database)()
        self.reading = client_for(self.reader)
        self.caller.post(f"{self.path}/shares", json={"email": self.reader.email})
        self.before = self.caller.get(self.path).get_json()
        self.caller.delete(self.path)

    def put_back(self) -> None:
        self.caller.post(f"/blogs/bin/{self.id}/restore")

    def test_is_in_no_list(self) -> None:
        assert (self.caller.get("/api/blogs").get_json(), self.reading.get("/api/shared").get_json()) == ([], [])

    def test_is_read_by_nobody(self) -> None:
        assert (self.caller.get(self.path).status_code, self.reading.get(self.path).status_code) == (404, 404)

    def test_is_in_its_owners_bin(self) -> None:
        assert "Put back Second" in self.caller.get("/blogs/bin").text

    def test_is_in_nobody_elses(self) -> None:
        assert "Second" not in self.reading.get("/blogs/bin").text

    def test_is_put_back_by_nobody_else(self) -> None:
        assert self.reading.post(f"/blogs/bin/{self.id}/restore").status_code == 404

    def test_comes_back_as_it_was(self) -> None:
        self.put_back()
        back = self.caller.get(self.path).get_json()
        same = ("id", "title", "content", "tags", "html", "words", "created_at")
        assert [back[name] for name in same] == [self.before[name] for name in same]

    def test_comes_back_to_its_readers(self) -> None:
        self.put_back()
        assert self.reading.get(self.path).status_code == 200

    def test_comes_back_with_its_versions(self, database: Database) -> None:
        self.put_back()
        assert self.kept(database) == [(1, FIRST)]

    def test_is_not_in_the_bin_any_more_when_it_is_back(self) -> None:
        self.put_back()
        assert "The bin is empty." in self.caller.get("/blogs/bin").text

    def test_comes_back_once(self) -> None:
        self.put_back()
        assert self.caller.post(f"/blogs/bin/{self.id}/restore").status_code == 404

    def test_can_be_deleted_once_more(self) -> None:
        self.put_back()
        assert self.caller.delete(self.path).status_code == 204

    def test_is_deleted_for_good_by_hand(self, database: Database) -> None:
        self.caller.post(f"/blogs/bin/{self.id}/delete")
        assert self.kept(database) == []

    def test_is_deleted_for_good_by_nobody_else(self, database: Database) -> None:
        self.reading.post(f"/blogs/bin/{self.id}/delete")
        assert len(self.kept(database)) == 2

    @pytest.mark.parametrize(("days", "left"), [(BIN_DAYS - 1, 2), (BIN_DAYS + 1, 0)])
    def test_is_gone_after_thirty_days(self, database: Database, days: int, left: int) -> None:
        empty_bins(database, datetime.now(UTC) + timedelta(days=days))
        assert len(self.kept(database)) == left

    def test_takes_no_room_after_thirty_days(self, database: Database) -> None:
        empty_bins(database, datetime.now(UTC) + timedelta(days=BIN_DAYS + 1))
        with database.read() as db:
            assert db.get_one(User, self.owner.id).text_bytes == 0

    def test_is_kept_when_it_is_put_back_meanwhile(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        def put_back(db: Session, owner_id: int) -> None:
            if owner_id == self.owner.id:
                versions.unbin(db, owner_id, self.id)

        monkeypatch.setattr(versions, "lock_user", put_back)
        empty_bins(database, datetime.now(UTC) + timedelta(days=BIN_DAYS + 1))
        assert self.kept(database) == [(1, FIRST)]

    def test_is_forgotten_by_the_command(self, app: Flask, database: Database) -> None:
        with database.write() as db:
            old = datetime.now(UTC) - timedelta(days=BIN_DAYS + 1)
            db.execute(update(Version).where(Version.owner_id == self.owner.id).values(binned_at=old))
        result = app.test_cli_runner().invoke(args=["blogs", "empty-bins"])
        assert (result.exit_code, "gone" in result.output, self.kept(database)) == (0, True, [])


class TestAFileOfAVersion:
    @pytest.fixture(autouse=True)
    def taken_off(
        self,
        client_for: ClientFor,
        user: User,
        attachment_factory: AttachmentFactory,
        database: Database,
        images: ImageServer,
    ) -> None:
        self.picture, self.top = attachment_factory(user), attachment_factory(user)
        self.caller = client_for(user)
        content = f"![a](/attachments/{self.picture.id})"
        document = {"title": "T", "content": content, "attachment_id": self.top.id}
        self.blog = self.caller.post("/api/blogs", json=document).get_json()
        self.path = f"/api/blogs/{self.blog['id']}"
        self.caller.patch(self.path, json={"content": "none", "attachment_id": None})
        later = datetime.now(UTC) + timedelta(days=2)
        self.swept = [each.key for each in sweep(database, images.store, later, dry_run=True)]

    def test_is_not_swept(self) -> None:
        assert {self.picture.key, self.top.key} & {*self.swept} == set()

    def test_comes_back_with_it(self) -> None:
        self.caller.post(f"/blogs/{self.blog['id']}/versions/1/restore")
        blog = self.caller.get(self.path).get_json()
        assert (blog["attachment"]["id"], [file["id"] for file in blog["files"]]) == (self.top.id, [self.picture.id])

    def test_is_swept_when_the_versions_are_gone(self, database: Database, images: ImageServer) -> None:
        self.caller.delete(self.path)
        self.caller.post(f"/blogs/bin/{self.blog['id']}/delete")
        later = datetime.now(UTC) + timedelta(days=2)
        swept = {each.key for each in sweep(database, images.store, later, dry_run=True)}
        assert {self.picture.key, self.top.key} <= swept


class TestAPictureInAText:
    @pytest.fixture(autouse=True)
    def saved(self, client_for: ClientFor, user: User, attachment_factory: AttachmentFactory) -> None:
        self.picture = attachment_factory(user)
        self.caller = client_for(user)
        self.content = f"![The office](/attachments/{self.picture.id})"
        self.blog = self.caller.post("/api/blogs", json={"title": "T", "content": self.content}).get_json()
        self.path = f"/api/blogs/{self.blog['id']}"

    def place(self, database: Database) -> tuple[int | None, bool]:
        with database.read() as db:
            picture = db.get_one(Attachment, self.picture.id)
            return picture.blog_id, picture.in_text

    def test_is_shown(self) -> None:
        assert f'src="/attachments/{self.picture.id}?v={self.picture.fingerprint}&amp;w=1280"' in self.blog["html"]

    def test_is_among_the_blogs_files(self) -> None:
        assert [file["id"] for file in self.blog["files"]] == [self.picture.id]

    def test_is_on_the_blog(self, database: Database) -> None:
        assert self.place(database) == (self.blog["id"], True)

    def test_is_seen_by_those_who_may_read_the_blog(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        reader = user_factory()
        self.caller.post(f"{self.path}/shares", json={"email": reader.email})
        assert client_for(reader).get(f"/attachments/{self.picture.id}").status_code == 200

    def test_is_seen_by_nobody_else(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        assert client_for(user_factory()).get(f"/attachments/{self.picture.id}").status_code == 404

    def test_is_taken_off_with_its_mark(self, database: Database) -> None:
        self.caller.patch(self.path, json={"content": "none"})
        assert self.place(database) == (None, False)

    def test_leaves_room_at_the_top(self, attachment_factory: AttachmentFactory, user: User) -> None:
        changed = self.caller.patch(self.path, json={"attachment_id": attachment_factory(user).id})
        assert changed.status_code == 200

    def test_is_not_taken_from_another_blog(self, database: Database) -> None:
        self.caller.post("/api/blogs", json={"title": "T", "content": self.content})
        assert self.place(database) == (self.blog["id"], True)

    def test_of_somebody_else_is_its_words(
        self, client_for: ClientFor, user: User, user_factory: UserFactory, attachment_factory: AttachmentFactory
    ) -> None:
        # On no blog yet: one that is on another blog is shown on no second one anyway.
        typed = {"title": "T", "content": f"![The office](/attachments/{attachment_factory(user).id})"}
        other = client_for(user_factory()).post("/api/blogs", json=typed).get_json()
        assert (other["files"], "<img" in other["html"]) == ([], False)


class TestTheDifference:
    @pytest.mark.parametrize(
        ("before", "after", "parts"),
        [
            ("a b", "a b", [("same", "a b")]),
            ("", "a", [("new", "a")]),
            ("a", "", [("gone", "a")]),
            (
                "the lamp was cold",
                "the lamp is warm",
                [("same", "the lamp "), ("gone", "was cold"), ("new", "is warm")],
            ),
            ("a\nb\n", "a\nc\nb\n", [("same", "a\n"), ("new", "c\n"), ("same", "b\n")]),
        ],
    )
    def test_is_told_in_words(self, before: str, after: str, parts: list[tuple[str, str]]) -> None:
        assert differences(before, after) == [Passage(*part) for part in parts]  # type: ignore[arg-type]

    def test_puts_both_texts_together_again(self) -> None:
        found = differences(FIRST, SECOND)
        before = "".join(part.text for part in found if part.kind != "new")
        after = "".join(part.text for part in found if part.kind != "gone")
        assert (before, after) == (FIRST, SECOND)

    def test_of_long_texts_that_differ_everywhere_is_the_whole_of_both(self) -> None:
        before, after = "a " * int(MOST_PAIRS**0.5), "b " * int(MOST_PAIRS**0.5)
        assert differences(before, after) == [Passage("gone", before), Passage("new", after)]
