"""The contract of every store, tried over real HTTP. A new store is right when it passes here."""

import io
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
import requests
import time_machine

from app.storage import s3
from app.storage.disposition import content_disposition
from app.storage.s3 import S3Store
from app.storage.store import (
    SMALLEST_PART,
    AlreadyStored,
    ListedObject,
    ObjectInfo,
    ObjectNotFound,
    Part,
    Store,
    StoreUnavailable,
    Upload,
    UploadNotFound,
    WrongParts,
    composite,
    sha256_of,
)
from tests.forge.seaweedfs import SeaweedFS
from tests.seaweedfs import made_bucket

PROJECT = Path(__file__).parents[3]
BODY = b"a picture, let us say"
OTHER_BODY = BODY.swapcase()
FIRST_PART = os.urandom(SMALLEST_PART)
LAST_PART = b"the rest"
CHECKSUMS = [sha256_of(FIRST_PART), sha256_of(LAST_PART)]
WHOLE = FIRST_PART + LAST_PART
OTHER_KEY = "1/another"


def send(upload: Upload, body: bytes = BODY) -> int:
    return requests.request(upload.method, upload.url, data=body, headers=dict(upload.headers), timeout=10).status_code


def fetch(url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
    return requests.get(url, headers=headers, timeout=10)


def signed(store: Store, key: str, body: bytes = BODY) -> Upload:
    return store.presign_put(key, "image/png", size=len(body), sha256=sha256_of(body), expires_in=60)


def with_header(upload: Upload, name: str, value: str) -> Upload:
    return replace(upload, headers={**upload.headers, name: value})


def without_header(upload: Upload, number: int) -> Upload:
    dropped = list(upload.headers)[number]
    # An empty value, because requests would add a type of its own.
    return with_header(upload, dropped, "")


def with_other_key(url: str, key: str) -> str:
    return url.replace(key, OTHER_KEY)


def with_altered_signature(url: str) -> str:
    # Not the last letter, of which base64 ignores some bits.
    return f"{url[:-9]}{'0' if url[-9] != '0' else '1'}{url[-8:]}"


def with_query(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    query = {**{each: values[0] for each, values in parse_qs(parts.query).items()}, name: value}
    return urlunsplit(parts._replace(query=urlencode(query)))


def long_ago() -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) - timedelta(minutes=10))


def contents(store: Store, key: str, start: int = 0, stop: int | None = None) -> bytes:
    with store.open(key, start, stop) as body:
        return body.read()


@pytest.fixture
def stored(store: Store, key: str) -> str:
    assert send(signed(store, key)) == 200
    return key


class TestASignedUpload:
    @pytest.fixture
    def upload(self, store: Store, key: str) -> Upload:
        return signed(store, key)

    def test_is_accepted(self, upload: Upload) -> None:
        assert send(upload) == 200

    @pytest.fixture(
        params=[
            pytest.param((403, lambda upload, _: send(with_header(upload, "Content-Type", "text/html"))), id="type"),
            pytest.param((403, lambda upload, _: send(upload, BODY + b"!")), id="longer body"),
            pytest.param((403, lambda upload, _: send(upload, BODY[:-1])), id="shorter body"),
            pytest.param((400, lambda upload, _: send(upload, OTHER_BODY)), id="bytes"),
            pytest.param(
                (403, lambda upload, _: send(with_header(upload, list(upload.headers)[1], sha256_of(b"")))), id="sha256"
            ),
            pytest.param((403, lambda upload, _: send(without_header(upload, 0))), id="no type"),
            pytest.param((403, lambda upload, _: send(without_header(upload, 1))), id="no sha256"),
            pytest.param((403, lambda upload, _: send(without_header(upload, 2))), id="no if-none-match"),
            pytest.param(
                (403, lambda upload, key: send(replace(upload, url=with_other_key(upload.url, key)))), id="key"
            ),
            pytest.param(
                (403, lambda upload, _: send(replace(upload, url=with_altered_signature(upload.url)))), id="signature"
            ),
            pytest.param((403, lambda upload, _: fetch(upload.url).status_code), id="method"),
        ]
    )
    def misuse(self, request: pytest.FixtureRequest) -> tuple[int, Callable[[Upload, str], int]]:
        found: tuple[int, Callable[[Upload, str], int]] = request.param
        return found

    def test_is_refused_with_another(
        self, upload: Upload, key: str, misuse: tuple[int, Callable[[Upload, str], int]]
    ) -> None:
        status, attempt = misuse
        assert attempt(upload, key) == status

    def test_stores_nothing_with_another(
        self, store: Store, upload: Upload, key: str, misuse: tuple[int, Callable[[Upload, str], int]]
    ) -> None:
        _, attempt = misuse
        attempt(upload, key)
        assert (store.head(key), store.head(OTHER_KEY)) == (None, None)

    def test_is_refused_when_it_has_expired(self, store: Store, key: str) -> None:
        with long_ago():
            upload = signed(store, key)
        assert send(upload) == 403

    def test_succeeds_once_when_sent_twelve_times_at_once(self, upload: Upload) -> None:
        together = threading.Barrier(12)

        def attempt(_: int) -> int:
            together.wait()
            return send(upload)

        with ThreadPoolExecutor(12) as pool:
            assert sorted(pool.map(attempt, range(12))) == [200] + 11 * [412]


@pytest.mark.usefixtures("stored")
class TestAUsedUpload:
    def test_is_refused(self, store: Store, key: str) -> None:
        assert send(signed(store, key)) == 412

    def test_is_refused_for_other_bytes_too(self, store: Store, key: str) -> None:
        assert send(signed(store, key, OTHER_BODY), OTHER_BODY) == 412

    def test_left_the_first_bytes(self, store: Store, key: str) -> None:
        send(signed(store, key, OTHER_BODY), OTHER_BODY)
        assert contents(store, key) == BODY


class TestAnObjectOfOurOwn:
    @pytest.fixture(autouse=True)
    def put(self, store: Store, key: str) -> None:
        store.put(key, "image/webp", BODY)

    def test_is_there_as_it_was_put(self, store: Store, key: str) -> None:
        assert (contents(store, key), store.head(key)) == (BODY, ObjectInfo(len(BODY), "image/webp", sha256_of(BODY)))

    def test_may_come_from_a_file(self, store: Store, key: str) -> None:
        other = f"{key}-file"
        store.put_file(other, "text/plain", io.BytesIO(OTHER_BODY), size=len(OTHER_BODY), sha256=sha256_of(OTHER_BODY))
        assert contents(store, other) == OTHER_BODY

    def test_is_never_overwritten(self, store: Store, key: str) -> None:
        with pytest.raises(AlreadyStored):
            store.put(key, "image/webp", b"other")


class TestAStoredObject:
    def test_has_the_length_type_and_checksum_that_were_announced(self, store: Store, stored: str) -> None:
        assert store.head(stored) == ObjectInfo(len(BODY), "image/png", sha256_of(BODY))

    def test_is_read_whole(self, store: Store, stored: str) -> None:
        assert contents(store, stored) == BODY

    def test_is_read_in_part(self, store: Store, stored: str) -> None:
        assert contents(store, stored, 2, 9) == BODY[2:9]

    def test_is_read_from_its_begin(self, store: Store, stored: str) -> None:
        assert contents(store, stored, 0, 5) == BODY[:5]

    def test_is_read_from_its_middle(self, store: Store, stored: str) -> None:
        assert contents(store, stored, 5) == BODY[5:]

    def test_is_listed(self, store: Store, stored: str) -> None:
        [listed] = store.list(stored[:-1])
        assert listed == ListedObject(stored, len(BODY), listed.modified)

    def test_is_as_old_as_it_is(self, store: Store, stored: str) -> None:
        [listed] = store.list(stored)
        assert abs(datetime.now(UTC) - listed.modified) < timedelta(minutes=1)

    def test_is_not_listed_under_another_prefix(self, store: Store, stored: str) -> None:
        assert list(store.list(f"2{stored}")) == []

    def test_is_gone_when_deleted(self, store: Store, stored: str) -> None:
        store.delete(stored)
        assert store.head(stored) is None

    def test_is_not_to_be_had_without_a_signature(self, store: Store, stored: str) -> None:
        assert fetch(url_of(store, stored).partition("?")[0]).status_code == 403


def url_of(store: Store, key: str, filename: str = "a.png", content_type: str = "image/png") -> str:
    return store.presign_get(key, filename, content_type, disposition="inline", expires_in=60)


class TestASignedDownload:
    @pytest.fixture
    def url(self, store: Store, stored: str) -> str:
        return url_of(store, stored)

    def test_has_the_bytes(self, url: str) -> None:
        assert fetch(url).content == BODY

    def test_has_the_type(self, url: str) -> None:
        assert fetch(url).headers["Content-Type"] == "image/png"

    def test_has_the_type_that_was_signed_whatever_was_uploaded(self, store: Store, stored: str) -> None:
        assert fetch(url_of(store, stored, content_type="application/pdf")).headers["Content-Type"] == "application/pdf"

    def test_serves_a_range(self, url: str) -> None:
        answer = fetch(url, {"Range": "bytes=2-8"})
        assert (answer.status_code, answer.headers["Content-Range"], answer.content) == (
            206,
            f"bytes 2-8/{len(BODY)}",
            BODY[2:9],
        )

    def test_refuses_a_range_beyond_the_end(self, url: str) -> None:
        assert fetch(url, {"Range": "bytes=1000-"}).status_code == 416

    def test_is_no_upload(self, url: str) -> None:
        assert requests.put(url, data=b"", timeout=10).status_code == 403

    def test_is_for_one_key(self, url: str, stored: str) -> None:
        assert fetch(with_other_key(url, stored)).status_code == 403

    def test_is_refused_when_its_signature_is_altered(self, url: str) -> None:
        assert fetch(with_altered_signature(url)).status_code == 403

    @pytest.mark.parametrize("name", ["response-content-type", "type", "response-content-disposition", "disposition"])
    def test_cannot_be_turned_into_a_page(self, url: str, name: str) -> None:
        assert fetch(with_query(url, name, "text/html")).status_code == 403

    def test_is_refused_when_it_has_expired(self, store: Store, stored: str) -> None:
        with long_ago():
            url = url_of(store, stored)
        assert fetch(url).status_code == 403

    @pytest.mark.parametrize(
        ("filename", "shown"),
        [
            ("a.png", "inline; filename=\"a.png\"; filename*=UTF-8''a.png"),
            ('say "hi".png', "inline; filename=\"say _hi_.png\"; filename*=UTF-8''say%20_hi_.png"),
            (
                "a\r\nSet-Cookie: b.png",
                "inline; filename=\"aSet-Cookie_ b.png\"; filename*=UTF-8''aSet-Cookie_%20b.png",
            ),
            ("../../etc/passwd", "inline; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
            ("c:\\a.png", "inline; filename=\"c__a.png\"; filename*=UTF-8''c__a.png"),
            ("élan.png", "inline; filename=\"_lan.png\"; filename*=UTF-8''%C3%A9lan.png"),
            ("100%41.png", "inline; filename=\"100_41.png\"; filename*=UTF-8''100%2541.png"),
            ("\u202egnp.exe", "inline; filename=\"gnp.exe\"; filename*=UTF-8''gnp.exe"),
            ("\ud800", "inline; filename=\"download\"; filename*=UTF-8''download"),
        ],
    )
    def test_has_a_safe_file_name(self, store: Store, stored: str, filename: str, shown: str) -> None:
        assert fetch(url_of(store, stored, filename)).headers["Content-Disposition"] == shown

    @pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "application/pdf"])
    def test_is_never_shown_inline_unless_it_is_an_image(self, store: Store, stored: str, content_type: str) -> None:
        answer = fetch(url_of(store, stored, content_type=content_type))
        assert answer.headers["Content-Disposition"].startswith("attachment;")


class TestALongFileName:
    def test_keeps_its_suffix(self) -> None:
        assert '.png"' in content_disposition(1000 * "a" + ".png", "image/png", "inline")

    def test_is_cut(self) -> None:
        assert len(content_disposition(1000 * "a" + ".png", "image/png", "inline")) < 400


class TestAnObjectThatIsNotThere:
    def test_has_no_head(self, store: Store, key: str) -> None:
        assert store.head(key) is None

    def test_cannot_be_opened(self, store: Store, key: str) -> None:
        with pytest.raises(ObjectNotFound):
            contents(store, key)

    def test_may_be_deleted(self, store: Store, key: str) -> None:
        store.delete(key)

    def test_is_a_404_to_download(self, store: Store, key: str) -> None:
        assert fetch(url_of(store, key)).status_code == 404


class TestAnEmptyObject:
    @pytest.fixture(autouse=True)
    def sent(self, store: Store, key: str) -> None:
        assert send(signed(store, key, b""), b"") == 200

    def test_is_read(self, store: Store, key: str) -> None:
        assert contents(store, key) == b""


class TestAKeyThatIsNotOurs:
    @pytest.fixture(params=["", "/a", "a/", "a//b", "../a", "a/../b", "a.b", "a\0b", "a b", "a\n", "é", "%2e%2e"])
    def strange(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_is_not_signed(self, store: Store, strange: str) -> None:
        with pytest.raises(ValueError, match="key"):
            signed(store, strange)

    def test_is_not_opened(self, store: Store, strange: str) -> None:
        with pytest.raises(ValueError, match="key"):
            contents(store, strange)


class TestAnUploadInParts:
    @pytest.fixture
    def upload_id(self, store: Store, key: str) -> str:
        return store.create_multipart(key, "image/png")

    def test_is_listed(self, store: Store, key: str, upload_id: str) -> None:
        assert [(each.key, each.upload_id) for each in store.list_multiparts(key)] == [(key, upload_id)]

    def test_is_not_listed_under_another_prefix(self, store: Store, key: str, upload_id: str) -> None:
        assert upload_id not in [each.upload_id for each in store.list_multiparts(f"2{key}")]

    def test_has_no_parts_yet(self, store: Store, key: str, upload_id: str) -> None:
        assert list(store.list_parts(key, upload_id)) == []

    def test_cannot_be_completed_without_parts(self, store: Store, key: str, upload_id: str) -> None:
        with pytest.raises(WrongParts):
            store.complete_multipart(key, upload_id, [])

    def test_is_unknown_under_another_key(self, store: Store, upload_id: str) -> None:
        with pytest.raises(UploadNotFound):
            store.list_parts(OTHER_KEY, upload_id)

    class TestOfWhichAPartIsSigned:
        @pytest.fixture
        def part(self, store: Store, key: str, upload_id: str) -> Upload:
            return signed_part(store, key, upload_id, 1, BODY)

        def test_accepts_it(self, part: Upload) -> None:
            assert send(part) == 200

        def test_refuses_a_longer_one(self, part: Upload) -> None:
            assert send(part, BODY + b"!") == 403

        def test_refuses_a_shorter_one(self, part: Upload) -> None:
            assert send(part, BODY[:-1]) == 403

        def test_refuses_other_bytes(self, part: Upload) -> None:
            assert send(part, OTHER_BODY) == 400

        def test_refuses_another_checksum(self, part: Upload) -> None:
            assert send(with_header(part, next(iter(part.headers)), sha256_of(OTHER_BODY)), OTHER_BODY) == 403

        def test_refuses_one_without_a_checksum(self, part: Upload) -> None:
            assert send(without_header(part, 0)) == 403

        @pytest.mark.parametrize("name", ["part", "partNumber"])
        def test_refuses_it_as_another(self, part: Upload, name: str) -> None:
            assert send(replace(part, url=with_query(part.url, name, "2"))) == 403

        def test_refuses_it_for_another_key(self, part: Upload, key: str) -> None:
            assert send(replace(part, url=with_other_key(part.url, key))) == 403

        def test_refuses_it_when_it_has_expired(self, store: Store, key: str, upload_id: str) -> None:
            with long_ago():
                part = signed_part(store, key, upload_id, 1, BODY)
            assert send(part) == 403

        def test_stored_nothing_of_what_it_refused(self, store: Store, key: str, upload_id: str, part: Upload) -> None:
            send(part, OTHER_BODY)
            assert list(store.list_parts(key, upload_id)) == []

        def test_does_not_accept_it_after_an_abort(self, store: Store, key: str, upload_id: str, part: Upload) -> None:
            store.abort_multipart(key, upload_id)
            assert send(part) == 404

    class TestOfWhichAllPartsAreSent:
        @pytest.fixture(autouse=True)
        def sent(self, store: Store, key: str, upload_id: str) -> None:
            send_part(store, key, upload_id, 2, LAST_PART)
            send_part(store, key, upload_id, 1, FIRST_PART)

        def test_lists_them(self, store: Store, key: str, upload_id: str) -> None:
            assert list(store.list_parts(key, upload_id)) == [Part(1, len(FIRST_PART)), Part(2, len(LAST_PART))]

        def test_is_no_object_yet(self, store: Store, key: str) -> None:
            assert store.head(key) is None

        def test_is_not_completed_with_another_part(self, store: Store, key: str, upload_id: str) -> None:
            with pytest.raises(WrongParts):
                store.complete_multipart(key, upload_id, [sha256_of(FIRST_PART), sha256_of(OTHER_BODY)])

        def test_is_not_completed_in_another_order(self, store: Store, key: str, upload_id: str) -> None:
            with pytest.raises(WrongParts):
                store.complete_multipart(key, upload_id, CHECKSUMS[::-1])

        def test_is_not_completed_without_its_last_part(self, store: Store, key: str, upload_id: str) -> None:
            with pytest.raises(WrongParts):
                store.complete_multipart(key, upload_id, CHECKSUMS[:1])

        def test_is_not_completed_with_more_parts_than_were_sent(self, store: Store, key: str, upload_id: str) -> None:
            with pytest.raises(WrongParts):
                store.complete_multipart(key, upload_id, [*CHECKSUMS, sha256_of(OTHER_BODY)])

        def test_lists_a_part_once_that_was_sent_twice(self, store: Store, key: str, upload_id: str) -> None:
            send_part(store, key, upload_id, 2, LAST_PART)
            assert [each.number for each in store.list_parts(key, upload_id)] == [1, 2]

        def test_never_overwrites(self, store: Store, key: str, upload_id: str) -> None:
            send(signed(store, key))
            with pytest.raises(AlreadyStored):
                store.complete_multipart(key, upload_id, CHECKSUMS)

        def test_is_gone_when_aborted(self, store: Store, key: str, upload_id: str) -> None:
            store.abort_multipart(key, upload_id)
            with pytest.raises(UploadNotFound):
                store.list_parts(key, upload_id)

    class TestOfWhichAPartIsTooSmall:
        @pytest.fixture(autouse=True)
        def sent(self, store: Store, key: str, upload_id: str) -> None:
            send_part(store, key, upload_id, 1, BODY)
            send_part(store, key, upload_id, 2, LAST_PART)

        def test_is_not_completed(self, store: Store, key: str, upload_id: str) -> None:
            with pytest.raises(WrongParts):
                store.complete_multipart(key, upload_id, [sha256_of(BODY), sha256_of(LAST_PART)])

    class TestCompleted:
        @pytest.fixture(autouse=True)
        def completed(self, store: Store, key: str, upload_id: str) -> None:
            send_part(store, key, upload_id, 1, FIRST_PART)
            send_part(store, key, upload_id, 2, LAST_PART)
            store.complete_multipart(key, upload_id, CHECKSUMS)

        def test_has_the_length_the_type_and_the_checksum_of_checksums(self, store: Store, key: str) -> None:
            assert store.head(key) == ObjectInfo(len(WHOLE), "image/png", composite(CHECKSUMS))

        def test_is_read_whole(self, store: Store, key: str) -> None:
            assert contents(store, key) == WHOLE

        def test_is_read_across_its_parts(self, store: Store, key: str) -> None:
            assert contents(store, key, SMALLEST_PART - 3, SMALLEST_PART + 3) == FIRST_PART[-3:] + LAST_PART[:3]

        def test_is_listed_as_an_upload_no_more(self, store: Store, key: str) -> None:
            assert list(store.list_multiparts(key)) == []

        def test_may_be_aborted(self, store: Store, key: str, upload_id: str) -> None:
            store.abort_multipart(key, upload_id)
            assert store.head(key) is not None


class TestAnUploadInPartsThatIsNotThere:
    def test_has_no_parts(self, store: Store, key: str) -> None:
        with pytest.raises(UploadNotFound):
            store.list_parts(key, uuid.uuid4().hex)

    def test_is_not_completed(self, store: Store, key: str) -> None:
        with pytest.raises(UploadNotFound):
            store.complete_multipart(key, uuid.uuid4().hex, [])

    def test_may_be_aborted(self, store: Store, key: str) -> None:
        store.abort_multipart(key, uuid.uuid4().hex)


def signed_part(store: Store, key: str, upload_id: str, number: int, body: bytes) -> Upload:
    return store.presign_part(key, upload_id, number, size=len(body), sha256=sha256_of(body), expires_in=60)


def send_part(store: Store, key: str, upload_id: str, number: int, body: bytes) -> None:
    assert send(signed_part(store, key, upload_id, number, body), body) == 200


class TestAnS3Store:
    @pytest.mark.programs
    def test_costs_nothing_until_it_is_used(self) -> None:
        code = "import sys, app.storage.s3; sys.exit('boto3' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0

    def test_signs_with_the_token_of_keys_that_expire(self) -> None:
        store = S3Store("b", region="us-east-1", access_key_id="a", secret_access_key="b", session_token="for-a-day")
        assert "X-Amz-Security-Token=for-a-day" in url_of(store, "1/a")


class TestTwoPartsOfOneBucket:
    @pytest.fixture(autouse=True)
    def used(self, seaweedfs: SeaweedFS) -> Iterator[None]:
        self.one = made_bucket(seaweedfs, prefix="one/")
        self.other = copy(self.one)
        self.other.prefix = "other/"
        send(signed(self.one, "1/a"), BODY)
        self.upload_id = self.one.create_multipart("1/b", "video/mp4")
        yield
        self.one.abort_multipart("1/b", self.upload_id)

    def test_keep_their_own_files(self) -> None:
        assert (self.one.head("1/a") is None, self.other.head("1/a")) == (False, None)

    def test_list_their_own_files(self) -> None:
        assert ([each.key for each in self.one.list("")], list(self.other.list(""))) == (["1/a"], [])

    def test_list_their_own_parts(self) -> None:
        listed = [[each.key for each in store.list_multiparts("")] for store in (self.one, self.other)]
        assert listed == [["1/b"], []]

    def test_sign_addresses_of_their_own_files(self) -> None:
        statuses = [fetch(url_of(store, "1/a")).status_code for store in (self.one, self.other)]
        assert statuses == [200, 404]


class TestADeadS3:
    @pytest.fixture
    def dead(self) -> S3Store:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            return s3_at(nobody.getsockname()[1])

    def test_is_unavailable(self, dead: S3Store) -> None:
        with pytest.raises(StoreUnavailable):
            dead.head("1/a")


class TestAFrozenS3:
    def test_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3, "READ_TIMEOUT", 0.05)
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreUnavailable):
            s3_at(silent.getsockname()[1]).head("1/a")


def s3_at(port: int) -> S3Store:
    url = f"http://127.0.0.1:{port}"
    return S3Store("nobody", region="us-east-1", endpoint_url=url, access_key_id="a", secret_access_key="b")


class TestABucketThatIsNotThere:
    def test_is_unavailable(self, s3_store: S3Store) -> None:
        lost = S3Store(
            "lost", region="us-east-1", endpoint_url=s3_store.endpoint_url, access_key_id="a", secret_access_key="b"
        )
        with pytest.raises(StoreUnavailable):
            list(lost.list(""))
