"""A file's way from a declaration to what people see, between the store, the disk cache and the image pool."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from app.attachments.forms import is_image, part_count, part_size
from app.attachments.models import Attachment
from app.images.decoder import ImageInfo, NotAnImage, TooLarge
from app.images.disk_cache import DiskCache
from app.images.pool import ImagePool
from app.storage.store import (
    AlreadyStored,
    ObjectInfo,
    ObjectNotFound,
    Part,
    Store,
    UploadNotFound,
    WrongParts,
    composite,
)

UPLOAD_SECONDS = 300
DOWNLOAD_SECONDS = 60
VARIANT_WIDTHS = (320, 640, 1280)
VARIANT_TYPE = "image/webp"
SHARED_SUFFIX = "-shared"


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

        Raises NotUploaded or NotAsDeclared.
        """
        if attachment.upload_id and self.store.head(attachment.key) is None:
            self._join(attachment, part_checksums)
        found = self.store.head(attachment.key)
        if found is None:
            raise NotUploaded
        try:
            return self._checked(attachment, found)
        except (NotAnImage, TooLarge) as error:
            raise NotAsDeclared(str(error) or str(type(error).__doc__)) from None
        except ObjectNotFound as error:
            # Refused, and deleted, by another who asked at the same moment.
            raise NotUploaded from error

    def _checked(self, attachment: Attachment, found: ObjectInfo) -> ImageInfo | None:
        if found != ObjectInfo(attachment.size, attachment.content_type, attachment.sha256):
            raise NotAsDeclared(str(NotAsDeclared.__doc__))
        if not is_image(attachment.content_type):
            return None
        with self.original(attachment) as body:
            return self.images.inspect(body, attachment.content_type)

    def parts(self, attachment: Attachment) -> Sequence[Part]:
        """The parts that have arrived. Raises UploadNotFound when neither they nor the whole file are there."""
        try:
            return self.store.list_parts(attachment.key, attachment.upload_id or "")
        except UploadNotFound:
            if self.store.head(attachment.key) is None:
                raise
        return [
            Part(number, part_size(attachment.size, number)) for number in range(1, part_count(attachment.size) + 1)
        ]

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

    def shared_copy(self, attachment: Attachment) -> str:
        """The key of the largest variant, in the store: what an address for somebody else may lead to."""
        key = f"{attachment.key}{SHARED_SUFFIX}"
        if self.store.head(key) is None:
            with self.variant(attachment, max(VARIANT_WIDTHS)) as body, suppress(AlreadyStored):
                self.store.put(key, VARIANT_TYPE, body.read())
        return key

    def _join(self, attachment: Attachment, part_checksums: Sequence[str]) -> None:
        if composite(part_checksums) != attachment.sha256:
            raise NotUploaded
        # Whoever asks at the same moment may have joined them already: what the store has then decides.
        with suppress(UploadNotFound, AlreadyStored, WrongParts):
            self.store.complete_multipart(attachment.key, attachment.upload_id or "", part_checksums)
