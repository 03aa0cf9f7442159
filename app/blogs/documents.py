"""What the API sends of blogs."""

from datetime import datetime

from typing_extensions import TypedDict

from app.web.openapi import closed


@closed
class AttachedFile(TypedDict):
    """The file of a blog; `width` and `height` of an image, in pixels."""

    id: int
    fingerprint: str
    filename: str
    content_type: str
    size: int
    width: int | None
    height: int | None


@closed
class BlogDocument(TypedDict):
    """A blog, whole."""

    id: int
    title: str
    content: str
    version: int
    created_at: datetime
    updated_at: datetime
    attachment: AttachedFile | None


@closed
class ListedBlog(BlogDocument):
    """A blog in a list: `content` has its first 500 characters, `content_truncated` says whether there are more."""

    content_truncated: bool


@closed
class BlogOwner(TypedDict):
    """Whose blog it is."""

    name: str


@closed
class SharedBlog(BlogDocument):
    """Somebody else's blog, whole."""

    owner: BlogOwner


@closed
class ListedSharedBlog(ListedBlog):
    """Somebody else's blog in a list."""

    owner: BlogOwner
