"""Files as people see them, and the addresses that the disk store signs."""

import hashlib
import http.client
import io
import os
import tracemalloc
from collections.abc import Iterator
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.wsgi import FileWrapper

from app.attachments.models import Attachment, fingerprint
from app.config import Settings
from app.images.disk_cache import DiskCache
from app.images.errors import Busy
from app.images.pool import ImagePool
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from app.storage.store import StoreUnavailable, Upload, sha256_of
from tests.e2e.live_server import LiveBlog, live_blog
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.picture import a_picture
from tests.factories.session import SessionFactory
from tests.unit.attachments.uploader import Uploader
from tests.unit.conftest import NewUploader

ORIENTATION, GPS = 0x0112, 0x8825
MEGABYTE = 1024 * 1024
HTML = b"<!doctype html><script>alert(1)</script>"


def photo() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    return a_picture(2000, 1000, kind="JPEG", exif=exif)


@pytest.fixture
def picture(uploader: Uploader, attachment_factory: AttachmentFactory) -> Attachment:
    return attachment_factory(uploader.user, body=photo(), content_type="image/jpeg")


@pytest.fixture
def address(picture: Attachment) -> str:
    return f"/attachments/{picture.id}"


@pytest.fixture
def lasting_address(picture: Attachment, address: str) -> str:
    return f"{address}?v={picture.fingerprint}"


class TestAnOriginal:
    @pytest.fixture(autouse=True)
    def served(self, uploader: Uploader, address: str) -> None:
        self.answer = uploader.get(address)

    def test_is_as_it_was_sent(self) -> None:
        assert (self.answer.get_data(), self.answer.headers["Content-Type"]) == (photo(), "image/jpeg")

    def test_is_of_a_known_length(self) -> None:
        assert self.answer.headers["Content-Length"] == str(len(photo()))

    def test_is_looked_at_again_before_it_is_shown_again(self) -> None:
        assert self.answer.headers["Cache-Control"] == "private, no-cache"

    def test_is_kept_for_its_viewer_alone(self) -> None:
        assert self.answer.headers["Vary"] == "Cookie"

    def test_can_do_nothing_as_a_page(self) -> None:
        assert self.answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    def test_is_not_taken_for_another_type(self) -> None:
        assert self.answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_has_a_strong_tag(self) -> None:
        assert self.answer.headers["ETag"] == f'"{sha256_of(photo())}"'


@pytest.mark.programs
class TestAPictureThatAServerCanSendByItself:
    @pytest.mark.parametrize("query", ["", "?w=320"])
    def test_is_left_to_it(self, uploader: Uploader, address: str, query: str) -> None:
        left = []

        def file_wrapper(file: io.RawIOBase, size: int) -> FileWrapper:
            left.append(file.fileno())
            return FileWrapper(cast(BinaryIO, file), size)

        uploader.client.get(address + query, environ_overrides={"wsgi.file_wrapper": file_wrapper}).close()
        assert len(left) == 1


class TestAnAddressWithAFingerprint:
    @pytest.mark.programs
    @pytest.mark.parametrize("query", ["", "&w=320"])
    def test_may_be_kept_for_ever(self, uploader: Uploader, lasting_address: str, query: str) -> None:
        headers = uploader.get(lasting_address + query).headers
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"

    def test_may_be_kept_for_ever_by_who_has_it_already(self, uploader: Uploader, lasting_address: str) -> None:
        tag = f'"{sha256_of(photo())}"'
        headers = uploader.get(lasting_address, **{"If-None-Match": tag}).headers
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"

    def test_of_other_content_is_looked_at_again(self, uploader: Uploader, address: str) -> None:
        assert uploader.get(f"{address}?v={fingerprint('another')}").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.programs
class TestAVariant:
    @pytest.mark.parametrize(("width", "size"), [(320, (320, 640)), (640, (640, 1280)), (1280, (1000, 2000))])
    def test_is_turned_and_at_most_that_wide(
        self, uploader: Uploader, address: str, width: int, size: tuple[int, int]
    ) -> None:
        image = Image.open(io.BytesIO(uploader.get(f"{address}?w={width}").get_data()))
        assert (image.format, image.size) == ("WEBP", size)

    def test_says_nothing_of_where_it_was_taken(self, uploader: Uploader, address: str) -> None:
        image = Image.open(io.BytesIO(uploader.get(f"{address}?w=320").get_data()))
        assert dict(image.getexif()) == {}

    def test_has_a_tag_of_its_own(self, uploader: Uploader, address: str) -> None:
        assert uploader.get(f"{address}?w=320").headers["ETag"] == f'"{sha256_of(photo())}-320"'

    @pytest.mark.parametrize("width", ["", "0", "319", "2000", "-320", "320.0", "0320", "x"])
    def test_of_another_width_is_not_there(self, uploader: Uploader, address: str, width: str) -> None:
        assert uploader.get(f"{address}?w={width}").status_code == 404

    def test_waits_when_there_is_too_much_image_work(
        self, uploader: Uploader, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def variant(*_: Any) -> None:
            raise Busy

        monkeypatch.setattr(ImagePool, "variant", variant)
        answer = uploader.get(f"{address}?w=320")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    def test_that_cannot_be_made_is_no_fault_of_ours(
        self, uploader: Uploader, attachment_factory: AttachmentFactory
    ) -> None:
        damaged = attachment_factory(uploader.user, body=photo()[:1000], content_type="image/jpeg")
        assert uploader.get(f"/attachments/{damaged.id}?w=320").status_code == 422


class TestAPictureSomebodyHas:
    @pytest.mark.programs
    @pytest.mark.parametrize("query", ["", "?w=320"])
    def test_is_not_sent_again(self, uploader: Uploader, address: str, query: str) -> None:
        tag = uploader.get(address + query).headers["ETag"]
        again = uploader.get(address + query, **{"If-None-Match": tag})
        assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)

    def test_can_still_do_nothing_as_a_page(self, uploader: Uploader, address: str) -> None:
        # The headers of a 304 replace those that are kept (RFC 9111, 4.3.4).
        tag = uploader.get(address).headers["ETag"]
        policy = uploader.get(address, **{"If-None-Match": tag}).headers["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")

    def test_is_not_even_looked_at(self, uploader: Uploader, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        tag = uploader.get(address).headers["ETag"]
        monkeypatch.delattr(ImageServer, "original")
        assert uploader.get(address, **{"If-None-Match": tag}).status_code == 304

    def test_is_sent_when_it_is_another(self, uploader: Uploader, address: str) -> None:
        assert uploader.get(address, **{"If-None-Match": '"another"'}).status_code == 200

    def test_is_hidden_from_a_stranger_who_knows_its_tag(self, stranger: Uploader, address: str) -> None:
        assert stranger.get(address, **{"If-None-Match": f'"{sha256_of(photo())}"'}).status_code == 404


class TestARangeOfAPicture:
    @pytest.mark.parametrize(
        ("wanted", "begin", "end"), [("0-9", 0, 10), ("100-", 100, None), ("-10", -10, None), ("5-99999999", 5, None)]
    )
    def test_is_sent_alone(self, uploader: Uploader, address: str, wanted: str, begin: int, end: int | None) -> None:
        answer = uploader.get(address, Range=f"bytes={wanted}")
        assert (answer.status_code, answer.get_data()) == (206, photo()[begin:end])

    def test_says_where_it_is_from(self, uploader: Uploader, address: str) -> None:
        answer = uploader.get(address, Range="bytes=0-9")
        assert answer.headers["Content-Range"] == f"bytes 0-9/{len(photo())}"

    def test_that_is_not_there_is_refused_with_the_length(self, uploader: Uploader, address: str) -> None:
        answer = uploader.get(address, Range="bytes=99999999-")
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(photo())}")

    def test_of_another_version_is_all_of_this_one(self, uploader: Uploader, address: str) -> None:
        answer = uploader.get(address, Range="bytes=0-9", **{"If-Range": '"another"'})
        assert (answer.status_code, answer.get_data()) == (200, photo())


@pytest.mark.programs
class TestAPictureOnASharedBlog:
    """Seen by somebody it is shared with, who may not learn where it was taken."""

    @pytest.fixture(autouse=True)
    def shared(
        self,
        uploader: Uploader,
        stranger: Uploader,
        blog_factory: BlogFactory,
        attachment_factory: AttachmentFactory,
    ) -> None:
        blog = blog_factory(uploader.user, shared_with=stranger.user)
        self.picture = attachment_factory(uploader.user, blog, body=photo(), content_type="image/jpeg")
        self.reader = stranger

    @pytest.mark.parametrize("query", ["", "?v={0.fingerprint}", "?w=320", "?w=1280"])
    def test_says_nothing_of_where_it_was_taken(self, query: str) -> None:
        answer = self.reader.get(f"/attachments/{self.picture.id}{query.format(self.picture)}")
        image = Image.open(io.BytesIO(answer.get_data()))
        assert (image.format, dict(image.getexif())) == ("WEBP", {})

    def test_has_no_tag_of_the_original(self) -> None:
        tag = f'"{sha256_of(photo())}"'
        assert self.reader.get(f"/attachments/{self.picture.id}", **{"If-None-Match": tag}).status_code == 200


@pytest.mark.programs
@pytest.mark.parametrize("body", [a_picture() + HTML, a_picture(kind="GIF", comment=HTML)], ids=["PNG", "GIF"])
class TestAPictureThatIsAPageToo:
    def test_is_only_a_picture_even_to_its_uploader(self, uploader: Uploader, body: bytes) -> None:
        content_type = "image/png" if body.startswith(b"\x89PNG") else "image/gif"
        document = uploader.finished(body, content_type=content_type)
        headers = uploader.get(f"/attachments/{document['id']}").headers
        policy = headers["Content-Security-Policy"].partition(";")[0]
        assert (headers["Content-Type"], headers["X-Content-Type-Options"], policy) == (
            content_type,
            "nosniff",
            "sandbox",
        )

    def test_is_shown_to_others_without_the_page(self, uploader: Uploader, body: bytes) -> None:
        content_type = "image/png" if body.startswith(b"\x89PNG") else "image/gif"
        document = uploader.finished(body, content_type=content_type)
        assert b"<script>" not in uploader.get(f"/attachments/{document['id']}?w=320").get_data()


class TestAFileThatIsNoPicture:
    @pytest.fixture
    def answer(self, uploader: Uploader) -> Any:
        document = uploader.finished(HTML, filename="page.html", content_type="text/plain")
        return uploader.get(f"/attachments/{document['id']}")

    def test_is_fetched_from_the_store(self, answer: Any) -> None:
        assert (answer.status_code, answer.headers["Location"].startswith("http://localhost/store/")) == (303, True)

    def test_is_a_download(self, answer: Any, client: FlaskClient) -> None:
        with client.get(answer.headers["Location"]) as download:
            assert download.headers["Content-Disposition"].startswith("attachment;")

    def test_comes_with_its_type_and_nothing_to_run(self, answer: Any, client: FlaskClient) -> None:
        with client.get(answer.headers["Location"]) as download:
            headers = download.headers
            policy = headers["Content-Security-Policy"].partition(";")[0]
            assert (headers["Content-Type"], headers["X-Content-Type-Options"], policy) == (
                "text/plain",
                "nosniff",
                "sandbox",
            )

    def test_is_never_redirected_to_from_a_cache(self, answer: Any) -> None:
        assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.programs
class TestAStoreThatIsDown:
    @pytest.fixture(autouse=True)
    def down(self, uploader: Uploader, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise StoreUnavailable

        uploader.get(f"{address}?w=320")
        monkeypatch.setattr(DiskStore, "open", fail)

    def test_leaves_what_is_cached(self, uploader: Uploader, address: str) -> None:
        assert uploader.get(f"{address}?w=320").status_code == 200

    def test_leaves_what_can_be_made_of_it(self, uploader: Uploader, address: str) -> None:
        assert uploader.get(f"{address}?w=640").status_code == 200

    def test_has_others_come_back(
        self, uploader: Uploader, attachment_factory: AttachmentFactory, picture: Attachment
    ) -> None:
        other = attachment_factory(uploader.user)
        answer = uploader.get(f"/attachments/{other.id}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


class TestACacheThatIsBroken:
    def test_costs_no_more_than_the_way_to_the_store(
        self, uploader: Uploader, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> None:
            raise OSError

        monkeypatch.setattr(DiskCache, "_filled", fail)
        assert uploader.get(address).get_data() == photo()


class SignedPut:
    """A declared file, and what its address answers to a body and headers."""

    def __init__(self, images: ImageServer, client: FlaskClient, content: bytes) -> None:
        self.upload: Upload = images.store.presign_put(
            f"1/{hashlib.sha256(os.urandom(8)).hexdigest()}",
            "image/png",
            size=len(content),
            sha256=sha256_of(content),
            expires_in=60,
        )
        self._client = client

    def send(self, body: bytes, path: str = "", **headers: str) -> int:
        told = {**self.upload.headers, **headers}
        with self._client.put(path or self.upload.url, data=body, headers=told) as answer:
            return answer.status_code


class TestTheAddressOfAnUpload:
    @pytest.fixture
    def put(self, images: ImageServer, client: FlaskClient) -> SignedPut:
        return SignedPut(images, client, b"picture")

    def test_takes_the_file(self, put: SignedPut) -> None:
        assert put.send(b"picture") == 200

    def test_takes_it_once(self, put: SignedPut) -> None:
        put.send(b"picture")
        assert put.send(b"picture") == 412

    def test_takes_it_from_a_page_of_another_site_too(self, put: SignedPut) -> None:
        # Its signature is all that it asks for.
        assert put.send(b"picture", **{"Sec-Fetch-Site": "cross-site"}) == 200

    @pytest.mark.parametrize("body", [b"pictures", b"pictur", b""])
    def test_takes_no_other_length(self, put: SignedPut, body: bytes) -> None:
        assert put.send(body) == 403

    def test_takes_no_other_bytes(self, put: SignedPut) -> None:
        assert put.send(b"PICTURE") == 400

    def test_takes_no_other_type(self, put: SignedPut) -> None:
        assert put.send(b"picture", **{"Content-Type": "text/html"}) == 403

    def test_takes_no_other_signature(self, put: SignedPut) -> None:
        assert put.send(b"picture", path=put.upload.url.replace("token=", "token=x")) == 403

    def test_takes_nothing_under_another_key(self, put: SignedPut) -> None:
        assert put.send(b"picture", path=put.upload.url.replace("/store/1/", "/store/2/")) == 403

    def test_gives_nothing(self, put: SignedPut, client: FlaskClient) -> None:
        put.send(b"picture")
        assert client.get(put.upload.url).status_code == 403

    @pytest.mark.parametrize("path", ["/store/../x", "/store/%00", "/store/1/\udcff", "/store/a?token=é"])
    def test_is_ours_or_refused(self, client: FlaskClient, path: str) -> None:
        assert client.put(path.encode("utf-8", "replace").decode(), data=b"x").status_code in (403, 404)

    def test_takes_a_large_file_in_small_bites(self, images: ImageServer, client: FlaskClient) -> None:
        content = bytes(20 * MEGABYTE)
        put = SignedPut(images, client, content)
        tracemalloc.start()
        status = put.send(content)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (status, peak < 8 * MEGABYTE) == (200, True)


class TestTheAddressOfADownload:
    @pytest.fixture
    def url(
        self, images: ImageServer, client: FlaskClient, uploader: Uploader, attachment_factory: AttachmentFactory
    ) -> str:
        attachment = attachment_factory(uploader.user, body=photo(), content_type="image/jpeg")
        return str(uploader.get(f"/api/attachments/{attachment.id}/url").get_json()["file_url"])

    def test_gives_the_file(self, client: FlaskClient, url: str) -> None:
        with client.get(url) as answer:
            assert (answer.get_data(), answer.headers["Content-Length"]) == (photo(), str(len(photo())))

    def test_gives_ranges(self, client: FlaskClient, url: str) -> None:
        with client.get(url, headers={"Range": "bytes=1-3"}) as answer:
            assert (answer.status_code, answer.get_data()) == (206, photo()[1:4])

    def test_is_kept_by_no_cache(self, client: FlaskClient, url: str) -> None:
        with client.get(url) as answer:
            assert answer.headers["Cache-Control"] == "private, no-store"

    def test_takes_nothing(self, client: FlaskClient, url: str) -> None:
        assert client.put(url, data=b"x").status_code == 403

    def test_bears_no_change(self, client: FlaskClient, url: str) -> None:
        assert client.get(url.replace("token=", "type=text%2Fhtml&token=")).status_code == 403


class TestABlogWithItsFilesInABucket:
    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_has_no_store_of_its_own(self, app_on_s3: Flask, method: str) -> None:
        with app_on_s3.test_client().open("/store/1/key", method=method) as answer:
            assert answer.status_code == 404

    def test_shows_its_pictures(self, app_on_s3: Flask, new_uploader: NewUploader) -> None:
        uploader = new_uploader(app=app_on_s3)
        document = uploader.finished(photo(), content_type="image/jpeg")
        assert uploader.get(f"/attachments/{document['id']}").get_data() == photo()


@pytest.fixture(scope="module")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBlog]:
    with live_blog(settings, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def connection(server: LiveBlog) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    yield connection
    connection.close()


@pytest.mark.programs
class TestAPictureFromARunningServer:
    @pytest.fixture(params=["", "?w=320"])
    def shown(self, request: pytest.FixtureRequest, uploader: Uploader, address: str) -> tuple[str, bytes]:
        """Its address, and what is to come from there."""
        return address + request.param, uploader.get(address + request.param).get_data()

    def test_ends_where_it_ends(
        self,
        connection: http.client.HTTPConnection,
        uploader: Uploader,
        session_factory: SessionFactory,
        shown: tuple[str, bytes],
    ) -> None:
        headers = session_factory(uploader.user).browser_headers
        for wanted in ("", "bytes=5-99"):
            connection.request("GET", shown[0], headers={**headers, "Range": wanted} if wanted else headers)
            body = connection.getresponse().read()
            assert body == (shown[1][5:100] if wanted else shown[1])

    def test_is_not_sent_to_who_asks_for_its_headers(
        self,
        connection: http.client.HTTPConnection,
        uploader: Uploader,
        session_factory: SessionFactory,
        shown: tuple[str, bytes],
    ) -> None:
        connection.request("HEAD", shown[0], headers=session_factory(uploader.user).browser_headers)
        answer = connection.getresponse()
        answer.read()
        same = connection.sock
        connection.request("GET", "/healthz")
        length = int(answer.headers["Content-Length"])
        assert (length, connection.getresponse().status, connection.sock) == (len(shown[1]), 200, same)


@pytest.mark.programs
class TestARefusedUploadToARunningServer:
    @pytest.fixture
    def refused(self, connection: http.client.HTTPConnection) -> Any:
        connection.request("PUT", "/store/1/key?token=x", body=bytes(10 * MEGABYTE))
        return connection.getresponse()

    def test_is_told_so_although_it_is_large(self, refused: http.client.HTTPResponse) -> None:
        assert refused.status == 403

    def test_leaves_the_connection_for_the_next(
        self, refused: http.client.HTTPResponse, connection: http.client.HTTPConnection
    ) -> None:
        refused.read()
        same = connection.sock
        connection.request("GET", "/healthz")
        assert (connection.getresponse().status, connection.sock) == (200, same)
