"""Blogs that leave as a zip, and come back: here, or from a folder of Markdown."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app.account.exports import exported
from app.account.places import places
from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.forms import Draft
from app.blogs.models import Blog
from app.blogs.queries import publish
from app.db import Database
from app.storage.store import ObjectNotFound
from tests.conftest import NewApp
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.picture import a_picture
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

LONG_AGO = datetime(2019, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)
ODD = ["Plain", "2024-01-01", "a: b # c", "'\"\\", "---", "🌱 \u0001 \u2028", "yes", "x" * 200]


def zipped(files: dict[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def brought(caller: FlaskClient, *files: tuple[bytes | str, str], buffered: bool = True) -> TestResponse:
    sent = [FileStorage(io.BytesIO(each.encode() if isinstance(each, str) else each), name) for each, name in files]
    boundary, body = encode_multipart(MultiDict([("files", file) for file in sent]))
    content_type = f"multipart/form-data; boundary={boundary}"
    return caller.post("/account/import", data=body, content_type=content_type, buffered=buffered)


def export_of(caller: FlaskClient) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(caller.get("/account/export", buffered=True).data))


def blogs_of(database: Database, user: User) -> list[Blog]:
    with database.read() as db:
        return list(db.scalars(select(Blog).where(Blog.owner_id == user.id).order_by(Blog.id)))


def files_of(database: Database, user: User) -> list[Attachment]:
    with database.read() as db:
        return list(db.scalars(select(Attachment).where(Attachment.uploader_id == user.id).order_by(Attachment.id)))


class TestAnExport:
    @pytest.fixture(autouse=True)
    def written(self, blog_on_either: Flask, user: User, database: Database, client_for: ClientFor) -> None:
        self.app, self.caller = blog_on_either, client_for(user, app=blog_on_either)
        attachments = AttachmentFactory.with_files(database, blog_on_either.extensions["images"])
        self.top = attachments(user, body=a_picture(color="teal"), filename="Top (1).png")
        self.inside = attachments(user, body=a_picture(color="plum"))
        content = f'\n\n![Plums](/attachments/{self.inside.id} "Ripe")\n\n[it]: </attachments/{self.inside.id}>\n'
        with database.write() as db:
            tags = ["slow food", "a: # b"]
            draft = Draft(title="Plums: a # list", content=content, tags=tags, attachment_id=self.top.id)
            self.blog = publish(db, user.id, draft)
            self.blog.created_at = self.blog.updated_at = LONG_AGO
        self.database = database

    def test_is_a_zip_with_each_text_and_file(self) -> None:
        names = {f"{self.blog.id}-plums-a-list.md", f"files/{self.top.id}.png", f"files/{self.inside.id}.png"}
        assert set(export_of(self.caller).namelist()) == names

    def test_leads_from_the_text_to_the_files_beside_it(self) -> None:
        text = export_of(self.caller).read(f"{self.blog.id}-plums-a-list.md").decode()
        assert f'![Plums](files/{self.inside.id}.png "Ripe")' in text

    def test_has_the_files_as_they_are_stored(self) -> None:
        assert export_of(self.caller).read(f"files/{self.top.id}.png") == a_picture(color="teal")

    def test_names_what_the_store_has_no_more(self) -> None:
        self.app.extensions["store"].delete(self.inside.key)
        assert export_of(self.caller).read("missing-files.txt").decode() == f"files/{self.inside.id}.png"

    def test_holds_nothing_of_others(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        assert export_of(client_for(user_factory(), app=self.app)).namelist() == []

    def test_comes_in_pieces(self, user: User) -> None:
        pieces = list(exported(self.database, self.app.extensions["store"], user.id))
        assert len(pieces) > 3
        assert max(map(len, pieces)) < 256 * 1024

    def imported_by(self, user_factory: UserFactory, client_for: ClientFor) -> tuple[User, FlaskClient, TestResponse]:
        other = user_factory()
        caller = client_for(other, app=self.app)
        zip_file = self.caller.get("/account/export", buffered=True).data
        self.zip = zip_file
        return other, caller, brought(caller, (zip_file, "inkwell.zip"))

    def test_is_imported_with_its_text_and_dates(self, user_factory: UserFactory, client_for: ClientFor) -> None:
        other, _, answer = self.imported_by(user_factory, client_for)
        [blog] = blogs_of(self.database, other)
        new = files_of(self.database, other)[1].id
        expected = f'\n\n![Plums](/attachments/{new} "Ripe")\n\n[it]: /attachments/{new}\n'
        assert (blog.title, blog.content, blog.tags) == ("Plums: a # list", expected, "slow food, a: # b")
        assert (blog.created_at, blog.updated_at) == (LONG_AGO, LONG_AGO)
        assert "1 imported, 0 here already, 0 not taken." in answer.text

    def test_is_imported_with_its_files(self, user_factory: UserFactory, client_for: ClientFor) -> None:
        other, _, _ = self.imported_by(user_factory, client_for)
        top, inside = files_of(self.database, other)
        assert (top.filename, top.in_text, inside.in_text) == ("Top (1).png", False, True)
        assert (top.sha256, inside.sha256) == (self.top.sha256, self.inside.sha256)
        with self.app.extensions["store"].open(inside.key) as body:
            assert body.read() == a_picture(color="plum")

    def test_is_imported_once(self, user_factory: UserFactory, client_for: ClientFor) -> None:
        other, caller, _ = self.imported_by(user_factory, client_for)
        assert "0 imported, 1 here already" in brought(caller, (self.zip, "again.zip")).text
        assert len(blogs_of(self.database, other)) == 1
        assert len(files_of(self.database, other)) == 2

    def test_is_no_second_copy_where_it_came_from(self, user: User) -> None:
        assert (
            "1 here already"
            in brought(self.caller, (self.caller.get("/account/export", buffered=True).data, "own.zip")).text
        )
        assert len(blogs_of(self.database, user)) == 1


class TestATextFromBeforeMarkdown:
    def test_comes_back_as_it_was_typed(
        self, caller: FlaskClient, user: User, blog_factory: BlogFactory, database: Database, client_for: ClientFor
    ) -> None:
        blog_factory(user, content="# 1 * 2\n[a](files/1.png)", html=None)
        other = UserFactory.on(database)()
        brought(client_for(other), (caller.get("/account/export", buffered=True).data, "plain.zip"))
        [blog] = blogs_of(database, other)
        assert (blog.content, blog.html) == ("# 1 * 2\n[a](files/1.png)", None)


class TestOddTitles:
    def test_come_back(self, caller: FlaskClient, user: User, database: Database, client_for: ClientFor) -> None:
        for title in ODD:
            assert (
                caller.post("/api/blogs", json={"title": title, "content": f"---\n{title}\n---\n"}).status_code == 201
            )
        other = UserFactory.on(database)()
        brought(client_for(other), (caller.get("/account/export", buffered=True).data, "odd.zip"))
        came, were = blogs_of(database, other), blogs_of(database, user)
        assert [(blog.title, blog.content) for blog in came] == [(blog.title, blog.content) for blog in were]


class TestAFolderOfMarkdown:
    def test_is_titled_by_the_first_heading(self, caller: FlaskClient, user: User, database: Database) -> None:
        brought(caller, ("# On paper\n\nIt lasts.", "paper.md"))
        [blog] = blogs_of(database, user)
        assert (blog.title, blog.content) == ("On paper", "It lasts.")

    def test_is_titled_by_the_files_name_where_there_is_none(
        self, caller: FlaskClient, user: User, database: Database
    ) -> None:
        brought(caller, ("It lasts.", "folder/On ink.md"))
        assert [blog.title for blog in blogs_of(database, user)] == ["On ink"]

    @pytest.mark.parametrize("tags", ["[Ink, Slow paper]", "Ink, slow  paper", "\n- '#ink'\n- slow paper\n- [no text]"])
    def test_has_the_tags_of_its_front_matter(
        self, caller: FlaskClient, user: User, database: Database, tags: str
    ) -> None:
        brought(caller, (f"---\ntitle: T\ntags: {tags}\n---\nC", "a.md"))
        assert [blog.tags for blog in blogs_of(database, user)] == ["ink, slow paper"]

    def test_stands_in_the_order_of_its_dates(self, caller: FlaskClient, user: User, database: Database) -> None:
        brought(
            caller,
            ("---\ntitle: Newer\ndate: 2021-05-01\n---\nN", "a.md"),
            ("---\ntitle: Older\ndate: 2020-05-01T12:00:00+02:00\n---\nO", "b.md"),
        )
        found = [(blog.title, blog.created_at) for blog in blogs_of(database, user)]
        assert found == [
            ("Older", datetime(2020, 5, 1, 10, tzinfo=UTC)),
            ("Newer", datetime(2021, 5, 1, tzinfo=UTC)),
        ]

    def test_has_the_pictures_that_it_shows(self, caller: FlaskClient, user: User, database: Database) -> None:
        files: dict[str, bytes | str] = {
            "posts/a.md": "![A dot](../img/my%20dot.png)",
            "img/my dot.png": a_picture(),
            "img/other.png": b"x",
        }
        brought(caller, (zipped(files), "site.zip"))
        [blog], [file] = blogs_of(database, user), files_of(database, user)
        assert (blog.content, file.filename) == (f"![A dot](/attachments/{file.id})", "my dot.png")

    def test_is_not_called_edited(self, caller: FlaskClient, user: User, database: Database) -> None:
        brought(caller, ("---\ndate: 2010-01-02T03:04:05Z\n---\nText", "a.md"))
        [blog] = blogs_of(database, user)
        assert "· edited" not in caller.get(f"/blogs/{blog.id}").text

    @pytest.mark.parametrize("date", ["9999-01-01", "soon", "0001-01-01T00:00:00+14:00", "[1, 2]"])
    def test_is_dated_now_where_no_date_can_be(
        self, caller: FlaskClient, user: User, database: Database, date: str
    ) -> None:
        brought(caller, (f"---\ntitle: T\ndate: {date}\n---\nC", "a.md"))
        [blog] = blogs_of(database, user)
        assert abs((datetime.now(UTC) - blog.created_at).total_seconds()) < 60

    @pytest.mark.parametrize("name", ["../../a.md", "/etc/a.md", "C:\\a.md", "a/../../b.md"])
    def test_is_no_path(self, caller: FlaskClient, user: User, database: Database, name: str) -> None:
        brought(caller, (zipped({name: "Text"}), "z.zip"))
        assert [blog.content for blog in blogs_of(database, user)] == ["Text"]


class TestWhatCannotBeTaken:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (b"\xff\xfe", "not text in UTF-8"),
            ("x" * 100_001, "at most 100,000 characters"),
            ("", "There is no text in it"),
            ("# Only a title", "There is no text in it"),
            ("---\ntitle: [\n---\nText", "not YAML"),
            ("---\n" + "[" * 9000 + "\n---\nText", "not YAML"),
            (f"---\ntags: {'x' * 41}\n---\nText", "tags: Use at most 40 characters for a tag"),
            ("![bad](bad.png)", "bad.png: The file is not an image"),
            ("[doc](notes.docx)", "notes.docx: This kind of file is not taken"),
            ("![good](good.png) ![bad](bad.png)", "bad.png: "),
        ],
    )
    def test_is_listed_with_the_reason_and_leaves_nothing(
        self, caller: FlaskClient, user: User, database: Database, text: bytes | str, reason: str
    ) -> None:
        beside: dict[str, bytes | str] = {
            "good.png": a_picture(),
            "bad.png": b"no picture",
            "notes.docx": b"PK",
            "z.md": "Taken",
        }
        answer = brought(caller, (zipped({"a.md": text, **beside}), "z.zip"))
        assert (
            answer.status_code,
            reason in answer.text,
            "1 imported, 0 here already, 1 not taken" in answer.text,
        ) == (
            200,
            True,
            True,
        )
        assert [blog.content for blog in blogs_of(database, user)] == ["Taken"]
        assert files_of(database, user) == []

    def test_grows_no_merged_keys_without_end(self, caller: FlaskClient) -> None:
        bomb = "a0: &a0 {k: v}\n" + "".join(
            f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 40)
        )
        assert "1 imported" in brought(caller, (f"---\ntitle: T\n{bomb}---\nText", "a.md")).text

    def test_counts_against_the_quota(self, new_app: NewApp, user: User, client_for: ClientFor) -> None:
        caller = client_for(user, app=new_app(quota_blogs=1))
        answer = brought(caller, ("One", "1.md"), ("Two", "2.md"), ("Three", "3.md"))
        assert ("1 imported, 0 here already, 2 not taken" in answer.text, "Not tried" in answer.text) == (True, True)

    def test_stops_where_the_store_fails(
        self, caller: FlaskClient, user: User, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ObjectNotFound.__mro__[1]

        monkeypatch.setattr(type(app.extensions["store"]), "put_file", fail)
        answer = brought(caller, (zipped({"a.md": "![a](a.png)", "a.png": a_picture(), "b.md": "B"}), "z.zip"))
        assert ("0 imported" in answer.text, "Not tried" in answer.text) == (True, True)
        assert (blogs_of(database, user), files_of(database, user)) == ([], [])


def bomb() -> bytes:
    return zipped({"a.md": "![a](a.txt)", "a.txt": bytes(20 * 1024 * 1024)})


def with_a_long_directory() -> bytes:
    data = bytearray(zipped({f"{number}.md": "" for number in range(3)}) + bytes(5 * 1024 * 1024))
    at = data.rfind(b"PK\5\6")
    end = bytes(data[at : at + 22])
    return bytes(data[:at]) + bytes(5 * 1024 * 1024) + end[:12] + (5 * 1024 * 1024).to_bytes(4, "little") + end[16:]


class TestAZip:
    @pytest.mark.parametrize(
        "data",
        [b"", b"PK", b"no zip", b"PK\5\6" + b"\xff" * 18, zipped({"a.md": "A"})[:-30]],
        ids=["empty", "short", "text", "end alone", "cut"],
    )
    def test_that_is_none_is_refused_beside_its_form(self, caller: FlaskClient, data: bytes) -> None:
        answer = brought(caller, (data, "a.zip"))
        assert (answer.status_code, "This is not a zip that can be read" in answer.text) == (422, True)

    def test_that_is_packed_too_tightly_gives_nothing(
        self, caller: FlaskClient, user: User, database: Database
    ) -> None:
        assert "packed more tightly" in brought(caller, (bomb(), "a.zip")).text
        assert files_of(database, user) == []

    def test_with_a_long_directory_is_refused_before_it_is_read(self, caller: FlaskClient) -> None:
        assert "at most 20,000 files" in brought(caller, (with_a_long_directory(), "a.zip")).text

    def test_with_too_many_files_is_refused(self, caller: FlaskClient) -> None:
        assert "at most 20,000 files" in brought(caller, (zipped({f"{n}": "" for n in range(20_001)}), "a.zip")).text

    def test_that_is_damaged_inside_is_listed(self, caller: FlaskClient, user: User, database: Database) -> None:
        data = bytearray(zipped({"a.md": "x" * 50, "b.md": "B"}))
        data[36] ^= 0xFF
        assert "It is damaged" in brought(caller, (bytes(data), "a.zip")).text
        assert [blog.content for blog in blogs_of(database, user)] == ["B"]


class TestAForm:
    @pytest.mark.parametrize("data", [{}, {"files": "text"}])
    def test_without_a_file_is_shown_again(self, caller: FlaskClient, data: dict[str, str]) -> None:
        answer = caller.post("/account/import", data=data)
        assert (answer.status_code, "Choose a zip" in answer.text) == (422, True)

    def test_with_too_many_files_is_refused(self, caller: FlaskClient) -> None:
        assert brought(caller, *[("x", f"{number}.md") for number in range(301)]).status_code == 413


Ask = Callable[[FlaskClient], TestResponse]


@pytest.mark.parametrize(
    "ask", [lambda caller: caller.get("/account/export", buffered=True), lambda caller: brought(caller, ("A", "a.md"))]
)
class TestAPlace:
    def test_is_one_for_each_person(self, caller: FlaskClient, user: User, ask: Ask) -> None:
        places.take(user.id)
        assert ask(caller).status_code == 429
        places.leave(user.id)

    def test_is_one_of_two(self, caller: FlaskClient, ask: Ask) -> None:
        places.take(-1)
        places.take(-2)
        answer = ask(caller)
        places.leave(-1)
        places.leave(-2)
        assert (answer.status_code, "too many exports and imports" in answer.text) == (503, True)

    def test_is_free_again_afterwards(self, caller: FlaskClient, ask: Ask) -> None:
        assert [ask(caller).status_code for _ in range(3)] == [200, 200, 200]


class TestThePlaceOfAnImport:
    def test_is_free_when_the_page_says_what_came_of_it(self, caller: FlaskClient) -> None:
        answer = brought(caller, ("A", "a.md"), buffered=False)
        pieces, said = answer.iter_encoded(), b""
        while b"1 imported" not in said:
            said += next(pieces)
        assert brought(caller, ("A", "a.md")).status_code == 200


class TestTheCounts:
    def test_are_what_was_taken(self, caller: FlaskClient, user: User, database: Database) -> None:
        brought(caller, (zipped({"a.md": "![a](a.png)", "a.png": a_picture()}), "z.zip"))
        with database.read() as db:
            found = db.get_one(User, user.id)
            size = db.scalar(select(func.sum(Attachment.size)).where(Attachment.uploader_id == user.id))
        assert (found.blog_count, found.file_bytes, found.pending_uploads) == (1, size, 0)
