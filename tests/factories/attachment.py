"""Attachments: a file in the store and its row, without a browser that uploads it."""

import io
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import factory
import requests

from app.attachments.models import PENDING, READY, Attachment
from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from app.storage.store import Upload, sha256_of
from tests.factories.picture import a_picture
from tests.factories.stored import StoredFactory


class AttachmentFactory(StoredFactory):
    """`attachment_factory(user)` is a picture of that user's, stored and ready, or `pending=True` not finished yet."""

    class Meta:
        model = Attachment

    class Params:
        body = b""
        pending = factory.Trait(state=PENDING, finished_at=None)

    key = factory.LazyAttribute(lambda made: f"{made.uploader_id}/made-{uuid4()}")
    filename = "picture.png"
    content_type = "image/png"
    size = factory.LazyAttribute(lambda made: len(made.body))
    sha256 = factory.LazyAttribute(lambda made: sha256_of(made.body))
    state = READY
    width, height = 64, 48
    finished_at = factory.LazyFunction(lambda: datetime.now(UTC))

    _images: ImageServer

    @classmethod
    def with_files(cls, database: Database, images: ImageServer) -> Self:
        bound = cls.on(database)
        bound._images = images
        return bound

    def __call__(
        self, uploader: User, blog: Blog | None = None, body: bytes | None = None, **columns: Any
    ) -> Attachment:
        content = a_picture() if body is None else body
        attachment: Attachment = self._stored(
            uploader_id=uploader.id, blog_id=blog and blog.id, body=content, **columns
        )
        upload = self._images.store.presign_put(
            attachment.key, attachment.content_type, size=len(content), sha256=sha256_of(content), expires_in=60
        )
        send(self._images, upload, attachment.key, content)
        return attachment


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
