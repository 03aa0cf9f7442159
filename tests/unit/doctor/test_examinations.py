import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.doctor import examinations, probes
from app.doctor.examinations import EXAMINATIONS, examine
from app.doctor.setup import Promise, cors_rule, setup
from app.storage import disk
from app.storage.disposition import Disposition
from app.storage.s3 import S3Store
from app.storage.store import StoreUnavailable, Upload
from tests.forge.seaweedfs import SeaweedFS
from tests.seaweedfs import made_bucket
from tests.unit.doctor.careless_store import FAULTS, MISUSES, CarelessStore

pytestmark = pytest.mark.programs

ORIGIN = "https://blog.example"
NewStore = Callable[..., CarelessStore]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A doctor who does not wait for an address to expire."""
    quick = {name: each for name, each in EXAMINATIONS.items() if not name.startswith("forgets expired")}
    monkeypatch.setattr(examinations, "EXAMINATIONS", quick)


def broken(promises: list[Promise]) -> list[str]:
    return [each.name for each in promises if not each.holds]


class TestANewBucket:
    @pytest.fixture
    def store(self, new_bucket: Callable[[], S3Store]) -> S3Store:
        return new_bucket()

    def test_lets_our_pages_upload_nothing(self, store: S3Store) -> None:
        assert broken(examine(store, ORIGIN)) == ["lets our pages upload"]

    class TestSetUp:
        @pytest.fixture(autouse=True)
        def done(self, store: S3Store) -> None:
            setup(store, ORIGIN)

        def test_keeps_every_promise(self, store: S3Store) -> None:
            assert broken(examine(store, ORIGIN)) == []

        @pytest.mark.usefixtures("brief")
        def test_keeps_nothing_of_the_doctor(self, store: S3Store) -> None:
            examine(store, ORIGIN)
            assert (list(store.list("")), list(store.list_multiparts(""))) == ([], [])


@pytest.mark.usefixtures("brief")
class TestABucketThatAnySiteMayUse:
    def test_is_reported(self, new_bucket: Callable[[], S3Store]) -> None:
        store = new_bucket()
        store.client.put_bucket_cors(
            Bucket=store.bucket, CORSConfiguration={"CORSRules": [cors_rule("*", store.prefix)]}
        )
        assert broken(examine(store, ORIGIN)) == ["lets no other page upload"]


@pytest.mark.usefixtures("brief")
class TestABucketWhoseRuleLacksAHeader:
    def test_is_reported(self, new_bucket: Callable[[], S3Store]) -> None:
        store = new_bucket()
        rule = cors_rule(ORIGIN, store.prefix)
        rule["AllowedHeaders"] = ["content-type"]
        store.client.put_bucket_cors(Bucket=store.bucket, CORSConfiguration={"CORSRules": [rule]})
        assert broken(examine(store, ORIGIN)) == ["lets our pages upload"]


@pytest.mark.usefixtures("brief")
class TestABucketWhosePolicyAllowsAnybody:
    @pytest.mark.parametrize(
        ("action", "promise"), [("s3:GetObject", "is private"), ("s3:ListBucket", "shows nobody its list")]
    )
    def test_is_reported(self, seaweedfs: SeaweedFS, action: str, promise: str) -> None:
        store = made_bucket(seaweedfs, prefix="sites/blog/")
        setup(store, ORIGIN)
        bucket = f"arn:aws:s3:::{store.bucket}"
        anyone = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": [bucket, f"{bucket}/*"]}
        policy = {"Version": "2012-10-17", "Statement": [anyone]}
        store.client.put_bucket_policy(Bucket=store.bucket, Policy=json.dumps(policy))
        assert broken(examine(store, ORIGIN)) == [promise]


class StoreThatBindsNothing(S3Store):
    """Signs a key and a method, for an hour."""

    def presign_put(self, key: str, content_type: str, *, size: int, sha256: str, expires_in: int) -> Upload:
        return Upload(self._presign("put_object", 3600, Key=key), "PUT", {})

    def presign_part(self, key: str, upload_id: str, number: int, *, size: int, sha256: str, expires_in: int) -> Upload:
        return Upload(self._presign("upload_part", 3600, Key=key, UploadId=upload_id, PartNumber=number), "PUT", {})

    def presign_get(
        self, key: str, filename: str, content_type: str, *, disposition: Disposition, expires_in: int
    ) -> str:
        return self._presign("get_object", 3600, Key=key)


class TestAStoreThatBindsNothing:
    def test_is_reported(
        self, new_bucket: Callable[[], S3Store], seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probes, "EXPIRED_WITHIN", 0)
        loose = StoreThatBindsNothing(
            new_bucket().bucket,
            region=seaweedfs.region,
            endpoint_url=seaweedfs.endpoint_url,
            access_key_id=seaweedfs.access_key,
            secret_access_key=seaweedfs.secret_key,
        )
        assert broken(examine(loose, ORIGIN)) == [
            "accepts an upload once",
            "refuses another type",
            "refuses another length",
            "refuses another checksum",
            "refuses another part",
            "serves a signed address",
            "forgets expired addresses",
            "forgets expired uploads",
            "lets our pages upload",
        ]


@pytest.fixture
def new_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewStore]:
    """Stores with faults: `new_store(["another type"])`."""
    # Nobody cuts its power, and what expires there has expired at once.
    monkeypatch.setattr(disk, "sync", lambda file: file.flush())
    monkeypatch.setattr(disk, "sync_folder", lambda folder: None)
    monkeypatch.setattr(probes, "EXPIRED_WITHIN", 0)
    with ExitStack() as running:
        yield lambda *told, **rest: running.enter_context(CarelessStore(tmp_path, ORIGIN, *told, **rest).running())


class TestAStoreWithoutFaults:
    def test_keeps_every_promise(self, new_store: NewStore) -> None:
        assert broken(examine(new_store([]), ORIGIN)) == []


@pytest.mark.parametrize(("fault", "promise"), (MISUSES | FAULTS).items())
class TestAStoreWithOneFault:
    def test_breaks_one_promise(self, new_store: NewStore, fault: str, promise: str) -> None:
        assert broken(examine(new_store([fault]), ORIGIN)) == [promise]


# What became of a HEAD, only its status tells.
@pytest.mark.parametrize(("misuse", "promise"), [each for each in MISUSES.items() if each[0] != "HEAD for PUT"])
class TestAStoreThatSaysNoAndDoesItAllTheSame:
    def test_is_told_of_what_it_did(
        self, new_store: NewStore, monkeypatch: pytest.MonkeyPatch, misuse: str, promise: str
    ) -> None:
        monkeypatch.setattr(examinations, "EXAMINATIONS", {promise: EXAMINATIONS[promise]})
        [found] = examine(new_store([misuse], done=412), ORIGIN)
        assert (found.holds, "as it was signed" in found.detail) == (False, False)


class TestAStoreThatSaysYesAndDoesNothing:
    def test_refuses_nothing(self, new_store: NewStore) -> None:
        assert broken(examine(new_store([], refusal=200), ORIGIN)) == [
            "refuses another type",
            "refuses another length",
            "refuses another checksum",
            "refuses another key",
            "refuses another part",
            "refuses another method",
            "refuses a missing header",
            "accepts nothing unsigned",
            "refuses another presentation",
            "is private",
            "forgets expired addresses",
            "forgets expired uploads",
        ]


# Neither of them has accepted anything: what they refuse shows nothing.
@pytest.mark.parametrize("fault", ["forgets every PUT", "fails after every PUT"])
class TestAStoreThatAcceptsNoUpload:
    def test_breaks_every_promise_of_uploads(self, new_store: NewStore, fault: str) -> None:
        assert broken(examine(new_store([fault]), ORIGIN)) == [
            "accepts an upload",
            "accepts an upload once",
            "refuses another type",
            "refuses another length",
            "refuses another checksum",
            "refuses another key",
            "refuses another part",
            "refuses another method",
            "refuses a missing header",
            "heeds no added header",
            "accepts nothing unsigned",
            "forgets expired uploads",
        ]


@pytest.mark.parametrize("fault", ["forgets every GET", "fails after every GET"])
class TestAStoreThatServesNothing:
    def test_breaks_every_promise_of_downloads(self, new_store: NewStore, fault: str) -> None:
        assert broken(examine(new_store([fault]), ORIGIN)) == [
            "refuses another method",
            "serves a signed address",
            "refuses another presentation",
            "is private",
            "forgets expired addresses",
        ]


class TestAStoreThatDoesWhateverItIsAsked:
    @pytest.fixture
    def store(self, new_store: NewStore) -> CarelessStore:
        return new_store(MISUSES)

    def test_breaks_every_promise_to_refuse(self, store: CarelessStore) -> None:
        assert set(broken(examine(store, ORIGIN))) == set(MISUSES.values())

    def test_keeps_nothing_of_the_doctor(self, store: CarelessStore) -> None:
        examine(store, ORIGIN)
        assert (list(store.list("")), list(store.list_multiparts(""))) == ([], [])


class TestAStoreThatDoesNotAnswer:
    def test_is_not_examined(self) -> None:
        dead = S3Store(
            "b", region="us-east-1", endpoint_url="http://127.0.0.1:1", access_key_id="a", secret_access_key="b"
        )
        with pytest.raises(StoreUnavailable):
            examine(dead, ORIGIN)
