"""What the API sends of shares."""

from datetime import datetime

from typing_extensions import TypedDict

from app.web.openapi import closed


@closed
class ShareDocument(TypedDict):
    """Somebody who may read the blog."""

    id: int
    email: str
    created_at: datetime


@closed
class BlockDocument(TypedDict):
    """Somebody whom one has blocked."""

    id: int
    name: str
    created_at: datetime
