"""Attachments by JSON: from the declaration to the blog that shows them."""

import base64
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from PIL import Image

from app.attachments import queries, uploads
from app.attachments.forms import FILE_TYPES
from app.attachments.models import Attachment, fingerprint
from app.attachments.queries import attach
from app.db import Database
from app.images.decoder import FORMATS, ImageInfo
from app.images.errors import Busy, TooLarge
from app.images.pool import ImagePool
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from app.storage.store import PART_BYTES, Store, StoreUnavailable, sha256_of
from tests.factories.blog import BlogFactory
from tests.factories.picture import a_picture, black_png
from tests.factories.user import UserFactory
from tests.unit.attachments.uploader import Uploader
from tests.unit.conftest import ClientFor, NewUploader

PICTURE = a_picture()
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NOT_FOUND = {"error": "Attachment not found"}
NO_IMAGE = "The file is not an image of the declared type, or it is damaged."
MISSING = "You must provide a value"
GIGABYTE = 1024**3
FIRST, LAST = b"1" * PART_BYTES, b"the rest"
CHECKSUMS = [sha256_of(FIRST), sha256_of(LAST)]


def fields(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.get_json().get("fields", {})


class TestADeclaredFile:
    @pytest.fixture(autouse=True)
    def declared(self, uploader: Uploader) -> None:
        answer = uploader.declare(PICTURE)
        self.status, self.document = answer.status_code, answer.get_json()

    def test_is_created(self) -> None:
        assert self.status == 201

    def test_is_told_how_to_be_sent(self) -> None:
        assert self.document.keys() == {"id", "key", "url", "method", "headers", "expires_in"}

    def test_has_five_minutes(self) -> None:
        assert self.document["expires_in"] == 300

    def test_has_a_key_that_only_names_its_owner(self, uploader: Uploader) -> None:
        owner, _, name = self.document["key"].partition("/")
        assert (owner, len(name)) == (str(uploader.user.id), 36)

    def test_is_pending(self, uploader: Uploader) -> None:
        assert uploader.get(f"/api/attachments/{self.document['id']}").get_json()["state"] == "pending"

    @pytest.mark.parametrize("path", ["/attachments/{}", "/attachments/{}?w=320", "/api/attachments/{}/url"])
    def test_is_shown_to_nobody(self, uploader: Uploader, path: str) -> None:
        assert uploader.get(path.format(self.document["id"])).status_code == 404

    def test_cannot_be_finished_before_it_is_sent(self, uploader: Uploader) -> None:
        answer = uploader.finish(self.document["id"])
        assert (answer.status_code, answer.get_json()) == (409, {"error": "The file has not arrived yet."})

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("GET", "/url", None),
            ("POST", "/finish", {}),
            ("POST", "/parts", {"number": 1, "sha256": sha256_of(b"")}),
        ],
    )
    def test_is_not_there_for_others(self, stranger: Uploader, method: str, path: str, body: Any) -> None:
        answer = stranger.client.open(f"/api/attachments/{self.document['id']}{path}", method=method, json=body)
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)

    def test_has_no_parts(self, uploader: Uploader) -> None:
        body = {"number": 1, "sha256": sha256_of(b"")}
        assert uploader.client.post(f"/api/attachments/{self.document['id']}/parts", json=body).status_code == 404


class TestADeclaration:
    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"filename": ""}, {"filename": "This must be the file's name"}),
            ({"filename": " "}, {"filename": "This must be the file's name"}),
            ({"filename": "a\nb"}, {"filename": "This must be the file's name"}),
            ({"filename": "a" * 256}, {"filename": "Use at most 255 characters"}),
            ({"filename": None}, {"filename": MISSING}),
            ({"size": 0}, {"size": "The file is empty"}),
            ({"size": -1}, {"size": "The file is empty"}),
            ({"size": 50 * 1024**2 + 1}, {"size": "An image may have at most 50 MB"}),
            ({"size": 5 * GIGABYTE + 1}, {"size": "A file may have at most 5 GB"}),
            ({"size": 2**80}, {"size": "A file may have at most 5 GB"}),
            ({"sha256": ""}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": "é" * 44}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": "0" * 63}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": sha256_of(b"")[:-4]}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": sha256_of(b"") + "-0"}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": sha256_of(b"") + "-x"}, {"sha256": "This must be the file's SHA-256"}),
            ({"sha256": sha256_of(b"") + "-2"}, {"sha256": "A file of this size has 1 parts"}),
            ({"uploader_id": 1}, {"uploader_id": "There is no such field"}),
            ({"key": "1/mine"}, {"key": "There is no such field"}),
        ],
        ids=str,
    )
    def test_is_told_the_field_to_blame(
        self, uploader: Uploader, changes: dict[str, Any], problem: dict[str, str]
    ) -> None:
        assert fields(uploader.declare(PICTURE, **changes)) == (422, problem)

    @pytest.mark.parametrize("size", [True, 1.5, "1"], ids=repr)
    def test_counts_in_whole_bytes(self, uploader: Uploader, size: Any) -> None:
        status, blamed = fields(uploader.declare(PICTURE, size=size))
        assert (status, list(blamed)) == (422, ["size"])

    @pytest.mark.parametrize("content_type", [*FORMATS, *FILE_TYPES])
    def test_may_be_of_an_allowed_type(self, uploader: Uploader, content_type: str) -> None:
        assert uploader.declare(PICTURE, content_type=content_type).status_code == 201

    @pytest.mark.parametrize(
        "content_type",
        ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "IMAGE/PNG", ""],
    )
    def test_may_not_be_of_a_type_that_browsers_run(self, uploader: Uploader, content_type: str) -> None:
        status, blamed = fields(uploader.declare(PICTURE, content_type=content_type))
        assert (status, blamed.get("content_type", "").startswith("This kind of file is not taken")) == (422, True)

    def test_may_be_of_five_gigabytes(self, uploader: Uploader) -> None:
        answer = uploader.declare(b"", content_type="video/mp4", size=5 * GIGABYTE, sha256=sha256_of(b"") + "-320")
        assert (answer.status_code, answer.get_json()["parts"]) == (201, 320)

    @pytest.mark.programs
    @pytest.mark.parametrize(
        "digest",
        [
            hashlib.sha256(PICTURE).hexdigest(),
            hashlib.sha256(PICTURE).hexdigest().upper(),
            base64.b64encode(hashlib.sha256(PICTURE).digest()).decode(),
        ],
        ids=["hexadecimal", "capitals", "base64"],
    )
    def test_may_write_its_digest_in_two_ways(self, uploader: Uploader, digest: str) -> None:
        assert uploader.finished(PICTURE, sha256=digest)["sha256"] == sha256_of(PICTURE)

    @pytest.mark.programs
    def test_is_taken_at_its_digest_and_not_its_spelling(self, uploader: Uploader) -> None:
        # The last letter before the padding has two bits that mean nothing.
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        digest = sha256_of(PICTURE)
        odd = digest[:-2] + letters[letters.index(digest[-2]) + 1] + "="
        assert uploader.finished(PICTURE, sha256=odd)["sha256"] == digest


@pytest.mark.programs
class TestAFinishedPicture:
    @pytest.fixture(autouse=True)
    def finished(self, blog_on_either: Flask, new_uploader: NewUploader) -> None:
        self.uploader = new_uploader(app=blog_on_either)
        self.answer = self.uploader.finish(self.uploader.uploaded(PICTURE))
        self.document = self.answer.get_json()

    def test_is_ready(self) -> None:
        assert (self.answer.status_code, self.document["state"]) == (200, "ready")

    def test_is_recorded_as_the_store_has_it(self) -> None:
        names = ("content_type", "size", "sha256", "width", "height", "uploader_id")
        recorded = tuple(self.document[name] for name in names)
        assert recorded == ("image/png", len(PICTURE), sha256_of(PICTURE), 64, 48, self.uploader.user.id)

    def test_is_finished_twice_with_the_same_answer(self) -> None:
        assert self.uploader.finish(self.document["id"]).get_json() == self.document

    def test_is_not_looked_at_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked: list[object] = []
        monkeypatch.setattr("app.attachments.uploads._inspect", lambda *asked: looked.append(asked))
        self.uploader.finish(self.document["id"])
        assert looked == []

    def test_can_be_downloaded_for_a_minute(self) -> None:
        url = self.uploader.get(f"/api/attachments/{self.document['id']}/url").get_json()
        assert (url.keys(), url["expires_in"]) == ({"file_url", "expires_in"}, 60)

    def test_is_in_the_store(self, blog_on_either: Flask) -> None:
        assert blog_on_either.extensions["images"].store.head(self.document["key"]).size == len(PICTURE)


class TestAFileThatIsNoPicture:
    def test_is_ready_without_a_look_inside(self, uploader: Uploader) -> None:
        document = uploader.finished(HTML, filename="notes.txt", content_type="text/plain")
        assert (document["state"], document["width"]) == ("ready", None)


REFUSED = {
    "a JPEG": (a_picture(kind="JPEG"), NO_IMAGE),
    "a damaged PNG": (PICTURE[: len(PICTURE) // 2], NO_IMAGE),
    "HTML": (HTML, NO_IMAGE),
    "SVG": (SVG, NO_IMAGE),
    "a PDF that is a picture too": (b"%PDF-1.7\n" + PICTURE, NO_IMAGE),
    "a script that is a GIF too": (b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", NO_IMAGE),
    "a bomb of 20 KB": (black_png(12_800, 12_800), "An image of this type may have at most 40 million pixels."),
}


@pytest.mark.programs
@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=list(REFUSED))
class TestAFileThatIsNotThePictureItWasDeclaredToBe:
    @pytest.fixture(autouse=True)
    def refused(self, blog_on_either: Flask, new_uploader: NewUploader, content: bytes) -> None:
        self.uploader = new_uploader(app=blog_on_either)
        self.store: Store = blog_on_either.extensions["images"].store
        self.declared = self.uploader.declare(content).get_json()
        self.uploader.upload(self.declared, content)
        self.answer = self.uploader.finish(self.declared["id"])

    def test_is_refused_with_the_reason(self, reason: str) -> None:
        assert fields(self.answer) == (422, {"file": reason})

    def test_is_not_kept(self, reason: str) -> None:
        assert self.store.head(self.declared["key"]) is None

    def test_is_refused_twice_with_the_same_answer(self, reason: str) -> None:
        assert self.uploader.finish(self.declared["id"]).get_json() == self.answer.get_json()

    def test_stays_refused_when_it_is_sent_again(self, content: bytes, reason: str) -> None:
        self.uploader.upload(self.declared, content)
        assert self.uploader.finish(self.declared["id"]).get_json() == self.answer.get_json()


@pytest.mark.programs
class TestAPictureOf400Megapixels:
    def test_is_refused_by_its_header(self, uploader: Uploader) -> None:
        answer = uploader.finish(uploader.uploaded(black_png(20_000, 20_000)))
        assert fields(answer) == (422, {"file": "An image may have at most 40 million pixels."})


class TestAFileOfWhichTheStoreSaysSomethingElse:
    @pytest.mark.parametrize(
        "column", [{"size": 1}, {"content_type": "image/jpeg"}, {"sha256": sha256_of(b"")}], ids=str
    )
    def test_is_refused(self, uploader: Uploader, database: Database, column: dict[str, Any]) -> None:
        attachment_id = uploader.uploaded(PICTURE)
        with database.write() as db:
            for name, value in column.items():
                setattr(db.get_one(Attachment, attachment_id), name, value)
        reason = "What arrived is not the file that was declared."
        assert fields(uploader.finish(attachment_id)) == (422, {"file": reason})


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, act: Callable[[], object]) -> None:
    """Let something happen just before that method runs for the first time."""
    method = getattr(owner, name)

    def run(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(owner, name, method)
        act()
        return method(*args, **options)

    monkeypatch.setattr(owner, name, run)


@pytest.mark.programs
@pytest.mark.parametrize(
    "moment", [(uploads, "_inspect"), (ImagePool, "inspect"), (queries, "record_finding")], ids=str
)
class TestTwoWhoFinishAtOnce:
    @pytest.mark.parametrize(("content", "status"), [(PICTURE, 200), (HTML, 422)], ids=["right", "wrong"])
    def test_get_the_same_answer(
        self,
        uploader: Uploader,
        monkeypatch: pytest.MonkeyPatch,
        moment: tuple[object, str],
        content: bytes,
        status: int,
    ) -> None:
        attachment_id = uploader.uploaded(content)
        answers: list[Any] = []
        meanwhile(monkeypatch, *moment, lambda: answers.append(uploader.finish(attachment_id)))
        answers.append(uploader.finish(attachment_id))
        assert [(each.status_code, each.get_json()) for each in answers] == [(status, answers[0].get_json())] * 2


@pytest.mark.programs
class TestManyWhoFinishAtOnce:
    @pytest.mark.parametrize(("content", "status"), [(PICTURE, 200), (HTML, 422)], ids=["right", "wrong"])
    def test_get_the_same_answer(self, uploader: Uploader, content: bytes, status: int) -> None:
        attachment_id = uploader.uploaded(content)
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda _: uploader.finish(attachment_id), range(3)))
        assert {(each.status_code, each.get_data()) for each in answers} == {(status, answers[0].get_data())}


class TestAFirstFinding:
    def test_stands_when_a_second_differs(self, uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
        attachment_id = uploader.uploaded(PICTURE)
        meanwhile(monkeypatch, queries, "record_finding", lambda: uploader.finish(attachment_id))
        monkeypatch.setattr(ImagePool, "inspect", once_right_then_too_slow())
        assert uploader.finish(attachment_id).get_json()["state"] == "ready"


def once_right_then_too_slow() -> Callable[..., ImageInfo]:
    # The outer call looks first and writes last.
    findings: list[Exception | ImageInfo] = [ImageInfo(64, 48, "PNG"), TooLarge("It takes too long.")]

    def inspect(*_: Any) -> ImageInfo:
        finding = findings.pop()
        if isinstance(finding, Exception):
            raise finding
        return finding

    return inspect


@pytest.mark.programs
class TestAFinishOfAFileThatWasSweptMeanwhile:
    def test_finds_nothing(self, uploader: Uploader, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        attachment_id = uploader.uploaded(PICTURE)

        def sweep() -> None:
            with database.write() as db:
                db.delete(db.get_one(Attachment, attachment_id))

        meanwhile(monkeypatch, uploads, "_inspect", sweep)
        answer = uploader.finish(attachment_id)
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)


class TestAMachineWithTooMuchImageWork:
    @pytest.fixture(autouse=True)
    def busy(self, uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
        def inspect(*_: Any) -> None:
            raise Busy

        self.attachment_id = uploader.uploaded(PICTURE)
        with monkeypatch.context() as patched:
            patched.setattr(ImagePool, "inspect", inspect)
            self.answer = uploader.finish(self.attachment_id)

    def test_asks_to_come_back(self) -> None:
        assert (self.answer.status_code, self.answer.headers["Retry-After"]) == (503, "5")

    @pytest.mark.programs
    def test_has_the_file_still_to_finish(self, uploader: Uploader) -> None:
        assert uploader.finish(self.attachment_id).status_code == 200


class TestAStoreThatIsDown:
    @pytest.fixture(autouse=True)
    def down(self, uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise StoreUnavailable

        self.attachment_id = uploader.uploaded(PICTURE)
        self.wrong_id = uploader.uploaded(HTML)
        self.fail, self.monkeypatch = fail, monkeypatch

    def test_cannot_say_what_it_has(self, uploader: Uploader) -> None:
        self.monkeypatch.setattr(DiskStore, "head", self.fail)
        answer = uploader.finish(self.attachment_id)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    @pytest.mark.programs
    def test_does_not_change_what_was_found(self, uploader: Uploader) -> None:
        self.monkeypatch.setattr(DiskStore, "delete", self.fail)
        assert fields(uploader.finish(self.wrong_id)) == (422, {"file": NO_IMAGE})


@pytest.mark.programs
class TestTheStore:
    def test_is_never_asked_while_the_database_is_held(
        self, uploader: Uploader, holds_no_connection: list[str]
    ) -> None:
        attachment = uploader.finished(PICTURE)
        uploader.finish(uploader.uploaded(HTML))
        uploader.get(f"/api/attachments/{attachment['id']}/url")
        uploader.get(f"/attachments/{attachment['id']}?w=320")
        declared = uploader.declared_in_parts([FIRST, LAST])
        uploader.get(f"/api/attachments/{declared['id']}")
        assert holds_no_connection == []


class Film:
    """A file in two parts, declared and not sent yet."""

    def __init__(self, uploader: Uploader) -> None:
        self.uploader = uploader
        self.declared = uploader.declared_in_parts([FIRST, LAST])
        self.path = f"/api/attachments/{self.declared['id']}"

    def state(self) -> Any:
        return self.uploader.get(self.path).get_json()

    def send(self, number: int, content: bytes) -> None:
        self.uploader.send_part(self.declared, number, content)

    def finish(self, checksums: list[str]) -> Any:
        return self.uploader.finish(self.declared["id"], checksums)


@pytest.fixture
def film(blog_on_either: Flask, new_uploader: NewUploader) -> Film:
    return Film(new_uploader(app=blog_on_either))


class TestAFileInParts:
    def test_is_told_how_many_and_how_large(self, film: Film) -> None:
        assert (film.declared["parts"], film.declared["part_size"]) == (2, PART_BYTES)

    def test_has_no_part_beyond_its_last(self, film: Film) -> None:
        answer = film.uploader.client.post(f"{film.path}/parts", json={"number": 3, "sha256": sha256_of(b"")})
        assert fields(answer) == (422, {"number": "There are 2 parts"})

    def test_has_parts_with_digests_of_their_own(self, film: Film) -> None:
        answer = film.uploader.client.post(f"{film.path}/parts", json={"number": 1, "sha256": sha256_of(b"") + "-1"})
        assert fields(answer) == (422, {"sha256": "This must be the file's SHA-256"})

    def test_is_finished_with_digests_that_are_digests(self, film: Film) -> None:
        assert fields(film.finish([sha256_of(b"") + "-1"])) == (422, {"parts": "This must be the file's SHA-256"})

    def test_cannot_be_finished_before_it_is_sent(self, film: Film) -> None:
        assert film.finish(CHECKSUMS).status_code == 409


class TestAFileOfWhichOnePartArrived:
    @pytest.fixture(autouse=True)
    def sent(self, film: Film) -> None:
        film.send(1, FIRST)

    def test_knows_where_to_go_on(self, film: Film) -> None:
        assert film.state()["parts"] == [{"number": 1, "size": PART_BYTES}]

    def test_cannot_be_finished(self, film: Film) -> None:
        assert film.finish(CHECKSUMS).status_code == 409

    def test_cannot_be_finished_as_another_file(self, film: Film) -> None:
        assert film.finish(CHECKSUMS[:1]).status_code == 409


class TestAFileOfWhichAllPartsArrived:
    @pytest.fixture(autouse=True)
    def sent(self, film: Film) -> None:
        film.send(2, LAST)
        film.send(1, FIRST)

    def test_is_ready_once_finished(self, film: Film) -> None:
        document = film.finish(CHECKSUMS).get_json()
        assert (document["state"], document["size"]) == ("ready", len(FIRST + LAST))

    def test_is_finished_twice_with_the_same_answer(self, film: Film) -> None:
        assert film.finish(CHECKSUMS).get_json() == film.finish([]).get_json()

    def test_is_finished_by_two_at_once_with_the_same_answer(
        self, film: Film, blog_on_either: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers: list[Any] = []
        store = type(blog_on_either.extensions["images"].store)
        meanwhile(monkeypatch, store, "complete_multipart", lambda: answers.append(film.finish(CHECKSUMS)))
        answers.append(film.finish(CHECKSUMS))
        assert [(each.status_code, each.get_json()) for each in answers] == [(200, answers[0].get_json())] * 2

    def test_takes_no_more_parts_once_finished(self, film: Film) -> None:
        film.finish(CHECKSUMS)
        answer = film.uploader.client.post(f"{film.path}/parts", json={"number": 1, "sha256": CHECKSUMS[0]})
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)

    def test_still_has_them_when_a_worker_died_after_joining_them(self, film: Film, blog_on_either: Flask) -> None:
        key, path = film.declared["key"], film.path.rpartition("/")[2]
        row = blog_on_either.extensions["database"].sessions(bind=blog_on_either.extensions["database"].engine)
        with row as db:
            upload_id = db.get_one(Attachment, int(path)).upload_id
        blog_on_either.extensions["images"].store.complete_multipart(key, upload_id, CHECKSUMS)
        assert film.state()["parts"] == [{"number": 1, "size": PART_BYTES}, {"number": 2, "size": len(LAST)}]


class TestAFileWhoseStoreForgotItsParts:
    def test_is_not_there_to_go_on_with(self, uploader: Uploader, database: Database, images: ImageServer) -> None:
        film = Film(uploader)
        with database.read() as db:
            row = db.get_one(Attachment, film.declared["id"])
        images.store.abort_multipart(row.key, row.upload_id or "")
        assert uploader.get(film.path).status_code == 404


@pytest.mark.programs
class TestAPictureInOnePart:
    def test_is_looked_at_like_any_other(self, uploader: Uploader) -> None:
        declared = uploader.declared_in_parts([HTML], content_type="image/png")
        uploader.send_part(declared, 1, HTML)
        assert fields(uploader.finish(declared["id"], [sha256_of(HTML)])) == (422, {"file": NO_IMAGE})


def publish(uploader: Uploader, **values: Any) -> Any:
    return uploader.client.post("/api/blogs", json={"title": "T", "content": "C", **values})


def revise(uploader: Uploader, blog: Any, **values: Any) -> Any:
    return uploader.client.patch(f"/api/blogs/{blog['id']}", json=values)


@pytest.mark.programs
class TestABlogWithAPicture:
    @pytest.fixture(autouse=True)
    def published(self, uploader: Uploader) -> None:
        self.picture = uploader.finished(PICTURE)
        self.answer = publish(uploader, attachment_id=self.picture["id"])
        self.blog = self.answer.get_json()

    def test_says_so(self) -> None:
        names = ("id", "filename", "content_type", "size", "width", "height")
        shown = {name: self.picture[name] for name in names} | {"fingerprint": fingerprint(self.picture["sha256"])}
        assert self.blog["attachment"] == shown

    def test_keeps_it_when_something_else_changes(self, uploader: Uploader) -> None:
        assert revise(uploader, self.blog, title="U").get_json()["attachment"] == self.blog["attachment"]

    def test_keeps_it_when_it_is_attached_again(self, uploader: Uploader) -> None:
        answer = revise(uploader, self.blog, attachment_id=self.picture["id"])
        assert answer.get_json()["attachment"] == self.blog["attachment"]

    def test_counts_its_loss_as_a_change(self, uploader: Uploader) -> None:
        changed = revise(uploader, self.blog, attachment_id=None).get_json()
        assert changed["version"] == self.blog["version"] + 1

    def test_loses_it_to_null(self, uploader: Uploader) -> None:
        assert revise(uploader, self.blog, attachment_id=None).get_json()["attachment"] is None

    def test_can_change_it_for_another(self, uploader: Uploader) -> None:
        other = uploader.finished(PICTURE)
        assert revise(uploader, self.blog, attachment_id=other["id"]).get_json()["attachment"]["id"] == other["id"]

    def test_has_it_to_itself(self, uploader: Uploader) -> None:
        answer = publish(uploader, attachment_id=self.picture["id"])
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)

    def test_gives_it_away_once_detached(self, uploader: Uploader) -> None:
        revise(uploader, self.blog, attachment_id=None)
        assert publish(uploader, attachment_id=self.picture["id"]).status_code == 201

    def test_leaves_it_to_nobody_when_it_is_deleted(self, uploader: Uploader, database: Database) -> None:
        uploader.client.delete(f"/api/blogs/{self.blog['id']}")
        with database.read() as db:
            assert db.get_one(Attachment, self.picture["id"]).blog_id is None


@pytest.mark.programs
class TestWhatCannotBeAttached:
    @pytest.fixture(
        params=[
            pytest.param(lambda uploader, _: uploader.uploaded(PICTURE), id="pending"),
            pytest.param(lambda _, stranger: stranger.finished(PICTURE)["id"], id="another's"),
            pytest.param(lambda *_: 2**62, id="nothing"),
        ]
    )
    def wanted(self, request: pytest.FixtureRequest, uploader: Uploader, stranger: Uploader) -> int:
        return int(request.param(uploader, stranger))

    def test_is_not_found_for_a_new_blog(self, uploader: Uploader, wanted: int) -> None:
        answer = publish(uploader, attachment_id=wanted)
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)

    def test_leaves_no_blog_behind(self, uploader: Uploader, wanted: int) -> None:
        publish(uploader, attachment_id=wanted)
        assert uploader.get("/api/blogs").get_json() == []

    def test_is_not_found_for_a_blog_that_is_there(self, uploader: Uploader, wanted: int) -> None:
        blog = publish(uploader).get_json()
        answer = revise(uploader, blog, attachment_id=wanted, title="U")
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)

    def test_takes_nothing_from_a_blog_that_is_there(self, uploader: Uploader, wanted: int) -> None:
        blog = publish(uploader, attachment_id=uploader.finished(PICTURE)["id"]).get_json()
        revise(uploader, blog, attachment_id=wanted, title="U")
        assert uploader.get(f"/api/blogs/{blog['id']}").get_json() == blog


@pytest.mark.programs
class TestARefusedPicture:
    def test_cannot_be_attached(self, uploader: Uploader) -> None:
        refused = uploader.uploaded(HTML)
        uploader.finish(refused)
        assert publish(uploader, attachment_id=refused).status_code == 404


class TestADownloadAddress:
    @pytest.fixture
    def address(self, app_on_s3: Flask, new_uploader: NewUploader) -> str:
        uploader = new_uploader(app=app_on_s3)
        document = uploader.finished(PICTURE, filename='..\\../a "b"\u202egnp.exe/ü.png')
        return str(uploader.get(f"/api/attachments/{document['id']}/url").get_json()["file_url"])

    def test_gives_the_file_to_whoever_has_it(self, address: str) -> None:
        assert requests.get(address, timeout=10).content == PICTURE

    def test_ends_after_a_minute(self, address: str) -> None:
        assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["60"]

    def test_names_the_file_safely(self, address: str) -> None:
        disposition = requests.get(address, timeout=10).headers["Content-Disposition"]
        assert disposition == (
            "inline; filename=\"_.._a _b_gnp.exe__.png\"; filename*=UTF-8''_.._a%20_b_gnp.exe_%C3%BC.png"
        )


class TestADownloadOfWhatIsNotThere:
    @pytest.mark.parametrize("number", ["1", str(2**63 - 1)])
    def test_is_not_found(self, stranger: Uploader, number: str) -> None:
        answer = stranger.get(f"/api/attachments/{number}/url")
        assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)


@pytest.mark.programs
class TestAPictureThatIsShared:
    @pytest.fixture(params=["app", "app_on_s3"])
    def address(
        self,
        request: pytest.FixtureRequest,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        database: Database,
    ) -> str:
        """What somebody with whom its blog is shared is given."""
        app: Flask = request.getfixturevalue(request.param)
        owner, reader = user_factory(), user_factory()
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (48.0, 51.0, 29.0)}
        attachment = Uploader(client_for(owner, app=app), owner).finished(
            a_picture(kind="JPEG", exif=exif), content_type="image/jpeg"
        )
        blog = blog_factory(owner, shared_with=reader)
        with database.write() as db:
            attach(db, owner.id, blog.id, attachment["id"])
        self.images: ImageServer = app.extensions["images"]
        self.key = f"{attachment['key']}-shared"
        return str(client_for(reader, app=app).get(f"/api/attachments/{attachment['id']}/url").get_json()["file_url"])

    def test_does_not_tell_where_it_was_taken(self, address: str) -> None:
        with self.images.store.open(self.key) as body:
            picture = Image.open(io.BytesIO(body.read()))
        assert (self.key in address, picture.format, dict(picture.getexif())) == (True, "WEBP", {})
