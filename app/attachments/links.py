"""A file's way out: addresses that the store signs for whoever may see it."""

from app.attachments.access import VisibleFile
from app.images.server import VARIANT_TYPE, ImageServer, is_image
from app.storage.disposition import Disposition

DOWNLOAD_SECONDS = 60


def download_url(images: ImageServer, file: VisibleFile, reader_id: int) -> str:
    """A signed address of the file; for an image and anybody but its uploader, of a copy without EXIF."""

    def signed(key: str, filename: str, content_type: str, disposition: Disposition) -> str:
        return images.store.presign_get(
            key, filename, content_type, disposition=disposition, expires_in=DOWNLOAD_SECONDS
        )

    if not is_image(file.content_type):
        return signed(file.key, file.filename, file.content_type, "attachment")
    if file.uploader_id == reader_id:
        return signed(file.key, file.filename, file.content_type, "inline")
    name = f"{file.filename.rpartition('.')[0] or file.filename}.webp"
    return signed(images.shared_copy(file.key, reader_id), name, VARIANT_TYPE, "inline")
