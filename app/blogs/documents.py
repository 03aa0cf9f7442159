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
class BlogFields(TypedDict):
    """What is said of every blog."""

    id: int
    title: str
    content: str
    tags: list[str]
    version: int
    created_at: datetime
    updated_at: datetime
    attachment: AttachedFile | None


@closed
class BlogDocument(BlogFields):
    """A blog, whole: `html` is its text as it is shown, null for one from before there was Markdown."""

    html: str | None
    words: int
    files: list[AttachedFile]


@closed
class OwnBlog(BlogDocument):
    """One's own blog, whole, and the ids of those written before and after it."""

    older: int | None
    newer: int | None


@closed
class ListedBlog(BlogFields):
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


@closed
class ListedVersion(TypedDict):
    """What a blog was from `written_at` until `replaced_at`, without its text."""

    number: int
    title: str
    written_at: datetime
    replaced_at: datetime


@closed
class VersionDocument(ListedVersion):
    """What a blog was, whole."""

    content: str
    tags: list[str]
    attachment_id: int | None


@closed
class BinnedBlog(TypedDict):
    """A blog in the bin, by the id that it had."""

    id: int
    title: str
    deleted_at: datetime


@closed
class SavedDraft(TypedDict):
    """A draft was kept: send its `revision` with what is typed next."""

    key: str
    revision: int
    updated_at: datetime


@closed
class ListedDraft(SavedDraft):
    """A draft in a list, without its text; `blog_id` if it edits a blog."""

    blog_id: int | None
    title: str
    words: int


@closed
class DraftDocument(ListedDraft):
    """A draft, whole, with its `tags` as they were typed, and the blog's `version` that an edit was begun on."""

    content: str
    tags: str
    attachment_id: int | None
    version: int | None
