"""What only the disk store promises: nothing half stored, nothing left behind."""

import io
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.storage.disk import ABANDONED_AFTER, DiskStore, WrongBody
from app.storage.signed_urls import Refused
from app.storage.store import StoreUnavailable, Upload, sha256_of

BODY = b"a picture, let us say"


@pytest.fixture
def own_store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path, "http://localhost/store", "secret")


@pytest.fixture
def upload(own_store: DiskStore, key: str) -> Upload:
    return own_store.presign_put(key, "image/png", size=len(BODY), sha256=sha256_of(BODY), expires_in=60)


def receive(store: DiskStore, key: str, upload: Upload, body: bytes = BODY, **changed: str) -> None:
    query = dict(parse_qsl(urlsplit(upload.url).query)) | changed
    store.receive(key, query, {**upload.headers, "Content-Length": str(len(BODY))}, io.BytesIO(body))


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestAnUploadThatIsCutOff:
    def test_is_refused(self, own_store: DiskStore, key: str, upload: Upload) -> None:
        with pytest.raises(WrongBody):
            receive(own_store, key, upload, BODY[:-1])

    def test_leaves_nothing(self, own_store: DiskStore, key: str, upload: Upload, tmp_path: Path) -> None:
        with pytest.raises(WrongBody):
            receive(own_store, key, upload, BODY[:-1])
        assert files_below(tmp_path) == []


class TestAnUploadOnAFullDisk:
    @pytest.fixture(autouse=True)
    def full(self) -> Iterator[None]:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    def test_makes_the_store_unavailable(self, own_store: DiskStore, key: str, upload: Upload) -> None:
        with pytest.raises(StoreUnavailable):
            receive(own_store, key, upload)

    def test_leaves_nothing(self, own_store: DiskStore, key: str, upload: Upload, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailable):
            receive(own_store, key, upload)
        assert files_below(tmp_path) == []


class TestAnUploadThatSucceeds:
    def test_leaves_one_file(self, own_store: DiskStore, key: str, upload: Upload, tmp_path: Path) -> None:
        receive(own_store, key, upload)
        assert files_below(tmp_path) == [tmp_path / "objects" / key]


class TestATokenOfAnotherSecret:
    def test_is_refused(self, tmp_path: Path, key: str, upload: Upload) -> None:
        with pytest.raises(Refused):
            receive(DiskStore(tmp_path, "http://localhost/store", "another"), key, upload)


class TestATokenThatIsNone:
    @pytest.mark.parametrize("token", ["", ".", "é", "\ud800"])
    def test_is_refused(self, own_store: DiskStore, key: str, upload: Upload, token: str) -> None:
        with pytest.raises(Refused):
            receive(own_store, key, upload, token=token)


class TestWhatAKilledWorkerLeft:
    @pytest.fixture
    def left(self, tmp_path: Path) -> Path:
        path = tmp_path / "incoming" / "left"
        path.parent.mkdir()
        path.touch()
        return path

    def test_is_removed_in_time(self, own_store: DiskStore, key: str, upload: Upload, left: Path) -> None:
        long_ago = time.time() - ABANDONED_AFTER - 1
        os.utime(left, (long_ago, long_ago))
        receive(own_store, key, upload)
        assert not left.exists()

    def test_is_kept_while_it_may_still_arrive(
        self, own_store: DiskStore, key: str, upload: Upload, left: Path
    ) -> None:
        receive(own_store, key, upload)
        assert left.exists()
