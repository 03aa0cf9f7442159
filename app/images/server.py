"""Images on their way to people: from the store, through the disk cache, and as variants from the pool."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from app.config import Settings
from app.images.decoder import FORMATS, ImageInfo
from app.images.disk_cache import DiskCache
from app.images.errors import Busy, NotAnImage, TooLarge
from app.images.pool import ImagePool
from app.storage.store import AlreadyStored, Store

T = TypeVar("T")

VARIANT_WIDTHS = (320, 640, 1280)
VARIANT_TYPE = "image/webp"
SHARED_SUFFIX = "-shared"


def is_image(content_type: str) -> bool:
    return content_type in FORMATS


@dataclass(frozen=True)
class ImageServer:
    """Reads stored images by their keys. Bytes go through here on their way out only.

    `on_work` is told of each piece of work how it ended (done, refused, busy or failed) and how many seconds it took,
    waiting included.
    """

    store: Store
    cache: DiskCache
    pool: ImagePool
    on_work: Callable[[str, float], object] = lambda outcome, seconds: None

    def original(self, key: str) -> BinaryIO:
        def fetch(target: BinaryIO) -> None:
            with self.store.open(key) as source:
                shutil.copyfileobj(source, target, 256 * 1024)

        return self.cache.open(key, fetch)

    def variant(self, key: str, width: int, user_id: int) -> BinaryIO:
        """The image at most that wide, made for that user of its pixels; many who ask at once have it made once."""

        def make(target: BinaryIO) -> None:
            with self.original(key) as body:
                target.write(self._timed(lambda: self.pool.variant(body, width, user_id)))

        return self.cache.open(f"{key}?w={width}", make)

    def shared_copy(self, key: str, user_id: int) -> str:
        """The key of the largest variant, in the store: what an address for somebody else may lead to."""
        copy = f"{key}{SHARED_SUFFIX}"
        if self.store.head(copy) is None:
            with self.variant(key, max(VARIANT_WIDTHS), user_id) as body, suppress(AlreadyStored):
                self.store.put(copy, VARIANT_TYPE, body.read())
        return copy

    def inspect(self, key: str, content_type: str, user_id: int) -> ImageInfo:
        """The image, decoded for that user to its last byte. Raises NotAnImage, TooLarge or ObjectNotFound."""
        with self.original(key) as body:
            return self._timed(lambda: self.pool.inspect(body, content_type, user_id))

    def _timed(self, work: Callable[[], T]) -> T:
        started, outcome = time.perf_counter(), "failed"
        try:
            result = work()
            outcome = "done"
        except (NotAnImage, TooLarge):
            outcome = "refused"
            raise
        except Busy:
            outcome = "busy"
            raise
        finally:
            self.on_work(outcome, time.perf_counter() - started)
        return result


def build_image_server(settings: Settings, store: Store, on_work: Callable[[str, float], object]) -> ImageServer:
    cache = DiskCache(settings.instance_dir / "image-cache", settings.image_cache_bytes, store.waiting)
    return ImageServer(store, cache, ImagePool(), on_work)
