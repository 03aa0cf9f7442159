"""Attachments: a file in the store and its row, without a browser that uploads it."""

import io
import struct
import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from PIL import Image

from app.attachments.models import READY, Attachment
from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from app.storage.store import Upload, sha256_of


def a_picture(width: int = 64, height: int = 48, color: str = "navy", kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, kind, **options)
    return file.getvalue()


def black_png(width: int, height: int, *, bits: int = 1) -> bytes:
    """Answer a picture, all black, without ever holding its pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    deflate = zlib.compressobj(9)
    rows = b"".join(deflate.compress(bytes(1 + width * bits // 8)) for _ in range(height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class AttachmentFactory:
    """`attachment_factory(user)` is a picture of that user's, stored and ready; keywords set what matters."""

    def __init__(self, database: Database, images: ImageServer) -> None:
        self._database = database
        self._images = images
        self._made = 0

    def __call__(
        self, uploader: User, blog: Blog | None = None, body: bytes | None = None, **columns: Any
    ) -> Attachment:
        content = a_picture() if body is None else body
        values: dict[str, Any] = {"filename": "picture.png", "content_type": "image/png", "width": 64, "height": 48}
        attachment = Attachment(
            uploader_id=uploader.id,
            blog_id=blog and blog.id,
            size=len(content),
            sha256=sha256_of(content),
            **{"state": READY, "finished_at": datetime.now(UTC), "key": "", **values, **columns},
        )
        with self._database.write() as db:
            db.add(attachment)
            db.flush()
            attachment.key = f"{uploader.id}/made-{attachment.id}"
        self.store(attachment, content)
        return attachment

    def store(self, attachment: Attachment, content: bytes) -> None:
        upload = self._images.store.presign_put(
            attachment.key, attachment.content_type, size=len(content), sha256=sha256_of(content), expires_in=60
        )
        send(self._images, upload, attachment.key, content)


def send(images: ImageServer, upload: Upload, key: str, content: bytes) -> None:
    """What a browser does with a presigned upload; to a store on this disk it needs no running server."""
    if isinstance(images.store, DiskStore):
        query = dict(parse_qsl(urlsplit(upload.url).query))
        headers = {**upload.headers, "Content-Length": str(len(content))}
        images.store.receive(key, query, headers, io.BytesIO(content))
    else:
        requests.request(
            upload.method, upload.url, headers=dict(upload.headers), data=content, timeout=10
        ).raise_for_status()
