"""The store that the settings ask for."""

from app.config import Settings, SettingsError
from app.storage.disk import DiskStore
from app.storage.s3 import S3Store
from app.storage.store import Store


def build_store(settings: Settings) -> Store:
    """The store of these settings. Raises SettingsError for what S3 cannot do."""
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
        raise SettingsError(str(error)) from None
