"""The store, the disk cache and the image pool that the settings ask for."""

from app.attachments.files import Files
from app.config import Settings, SettingsError
from app.images.disk_cache import DiskCache
from app.images.pool import ImagePool
from app.storage.disk import DiskStore
from app.storage.s3 import S3Store
from app.storage.store import Store


def files_of(settings: Settings) -> Files:
    return Files(
        store=_store(settings),
        cache=DiskCache(settings.instance_dir / "image-cache", settings.image_cache_bytes),
        images=ImagePool(),
    )


def _store(settings: Settings) -> Store:
    if not settings.s3_bucket:
        return DiskStore(settings.instance_dir / "store", f"{settings.base_url}/store", settings.secret_key)
    from botocore.exceptions import BotoCoreError

    try:
        return S3Store(
            settings.s3_bucket,
            prefix=settings.s3_prefix,
            region=settings.aws_region,
            endpoint_url=settings.s3_endpoint_url or None,
            access_key_id=settings.aws_access_key_id or None,
            secret_access_key=settings.aws_secret_access_key or None,
            session_token=settings.aws_session_token or None,
        )
    except (BotoCoreError, ValueError) as error:
        message = f"Inkwell cannot start: {error}"
        raise SettingsError(message) from None
