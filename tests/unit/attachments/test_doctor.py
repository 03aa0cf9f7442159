import json
from collections.abc import Callable

import pytest

from app.attachments import doctor
from app.attachments.bucket import Promise, cors_rule, setup
from app.attachments.doctor import examine
from app.attachments.storage.disk import DiskStore
from app.attachments.storage.disposition import Disposition
from app.attachments.storage.s3 import S3Store
from app.attachments.storage.store import Upload
from tests.seaweedfs import SeaweedFS

ORIGIN = "https://blog.example"


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A doctor who does not wait for an address to expire."""
    quick = {name: each for name, each in doctor.EXAMINATIONS.items() if name != "forgets expired addresses"}
    monkeypatch.setattr(doctor, "EXAMINATIONS", quick)


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
class TestABucketThatIsPublic:
    def test_is_reported(self, new_bucket: Callable[[], S3Store]) -> None:
        store = new_bucket()
        setup(store, ORIGIN)
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        policy = {"Version": "2012-10-17", "Statement": [anyone | {"Resource": f"arn:aws:s3:::{store.bucket}/*"}]}
        store.client.put_bucket_policy(Bucket=store.bucket, Policy=json.dumps(policy))
        assert "is private" in broken(examine(store, ORIGIN))


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
        monkeypatch.setattr(doctor, "EXPIRED_WITHIN", 0)
        loose = StoreThatBindsNothing(
            new_bucket().bucket,
            region=seaweedfs.region,
            endpoint_url=seaweedfs.endpoint_url,
            access_key_id=seaweedfs.access_key,
            secret_access_key=seaweedfs.secret_key,
        )
        assert broken(examine(loose, ORIGIN)) == [
            "refuses another type",
            "refuses another length",
            "refuses another checksum",
            "refuses another part",
            "tells what it stored",
            "accepts an upload once",
            "forgets expired addresses",
            "lets our pages upload",
        ]


class TestADiskStore:
    def test_keeps_every_promise(self, disk_store: DiskStore) -> None:
        assert broken(examine(disk_store, disk_store.base_url)) == []


@pytest.mark.usefixtures("brief")
class TestAStoreThatDoesNotAnswer:
    def test_keeps_no_promise(self) -> None:
        dead = S3Store(
            "b", region="us-east-1", endpoint_url="http://127.0.0.1:1", access_key_id="a", secret_access_key="b"
        )
        assert len(broken(examine(dead, ORIGIN))) == len(doctor.EXAMINATIONS)
