"""A bucket of the blog's own in the suite's S3 server."""

import secrets

from app.storage.s3 import S3Store
from tests.forge.seaweedfs import SeaweedFS


def made_bucket(server: SeaweedFS, prefix: str = "") -> S3Store:
    """Nobody's bucket yet: without a CORS rule no page can send it anything."""
    store = S3Store(
        f"inkwell-{secrets.token_hex(16)}",
        region=server.region,
        prefix=prefix,
        endpoint_url=server.endpoint_url,
        access_key_id=server.access_key,
        secret_access_key=server.secret_key,
    )
    store.client.create_bucket(Bucket=store.bucket)
    return store


def settings_of(server: SeaweedFS, store: S3Store) -> dict[str, str]:
    """What the settings must say of that bucket."""
    return {
        "s3_bucket": store.bucket,
        "s3_prefix": store.prefix,
        "s3_endpoint_url": server.endpoint_url,
        "aws_region": server.region,
        "aws_access_key_id": server.access_key,
        "aws_secret_access_key": server.secret_key,
    }
