"""A file's way from a declaration to what people see, between the store, the disk cache and the image pool."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from app.attachments.disk_cache import DiskCache
from app.attachments.forms import is_image
from app.attachments.image_pool import ImagePool
from app.attachments.images import ImageInfo, NotAnImage, TooLarge
from app.attachments.models import Attachment
from app.attachments.storage.store import ObjectInfo, Store, UploadNotFound, WrongParts, composite

UPLOAD_SECONDS = 300
DOWNLOAD_SECONDS = 60
VARIANT_WIDTHS = (320, 640, 1280)
VARIANT_TYPE = "image/webp"


class NotUploaded(Exception):
    """The file has not arrived yet."""


class NotAsDeclared(Exception):
    """What arrived is not the file that was declared."""


@dataclass(frozen=True)
class Files:
    """Every way to a stored file. Bytes go through here on their way out only."""

    store: Store
    cache: DiskCache
    images: ImagePool

    def inspect(self, attachment: Attachment, part_checksums: Sequence[str]) -> ImageInfo | None:
        """What the store says of the file, and the image in it if it should be one.

        Raises NotUploaded, or NotAsDeclared once the object is deleted.
        """
        if attachment.upload_id and self.store.head(attachment.key) is None:
            self._join(attachment, part_checksums)
        found = self.store.head(attachment.key)
        if found is None:
            raise NotUploaded
        try:
            return self._checked(attachment, found)
        except (NotAnImage, TooLarge, NotAsDeclared) as error:
            self.store.delete(attachment.key)
            raise NotAsDeclared(str(error) or str(type(error).__doc__)) from None

    def _checked(self, attachment: Attachment, found: ObjectInfo) -> ImageInfo | None:
        if found != ObjectInfo(attachment.size, attachment.content_type, attachment.sha256):
            raise NotAsDeclared
        if not is_image(attachment.content_type):
            return None
        with self.original(attachment) as body:
            return self.images.inspect(body, attachment.content_type)

    def original(self, attachment: Attachment) -> BinaryIO:
        def fetch(target: BinaryIO) -> None:
            with self.store.open(attachment.key) as source:
                shutil.copyfileobj(source, target, 256 * 1024)

        return self.cache.open(attachment.key, fetch)

    def variant(self, attachment: Attachment, width: int) -> BinaryIO:
        """The image at most that wide, made from its pixels alone; many who ask at once have it made once."""

        def make(target: BinaryIO) -> None:
            with self.original(attachment) as body:
                target.write(self.images.variant(body, width))

        return self.cache.open(f"{attachment.key}?w={width}", make)

    def _join(self, attachment: Attachment, part_checksums: Sequence[str]) -> None:
        if composite(part_checksums) != attachment.sha256:
            raise NotUploaded
        try:
            self.store.complete_multipart(attachment.key, attachment.upload_id or "", part_checksums)
        except (UploadNotFound, WrongParts) as error:
            raise NotUploaded from error
