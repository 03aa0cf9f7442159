"""What an S3 store signs, without a server that would check it."""

from app.storage.s3 import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT, S3Store
from app.storage.store import sha256_of


class TestAnAddressOfABucketOnAmazon:
    def test_is_signed_by_version_4(self) -> None:
        store = S3Store("blog", region="us-east-1", access_key_id="A" * 20, secret_access_key="s" * 40)
        url = store.presign_put("1/picture", "image/png", size=1, sha256=sha256_of(b"x"), expires_in=60).url
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


class TestTheLimits:
    def test_leave_time_for_an_answer_within_five_seconds(self) -> None:
        # In boto3's standard mode up to a second is between the two.
        assert ATTEMPTS == 2
        assert max(CONNECT_TIMEOUT, READ_TIMEOUT) * ATTEMPTS + 1 < 5
