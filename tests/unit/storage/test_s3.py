"""What an S3 store signs, without a server that would check it."""

from app.storage.s3 import S3Store
from app.storage.store import sha256_of


class TestAnAddressOfABucketOnAmazon:
    def test_is_signed_by_version_4(self) -> None:
        store = S3Store("blog", region="us-east-1", access_key_id="A" * 20, secret_access_key="s" * 40)
        url = store.presign_put("1/picture", "image/png", size=1, sha256=sha256_of(b"x"), expires_in=60).url
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
