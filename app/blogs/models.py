"""Blogs: what people write."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.attachments.models import Attachment, file_document
from app.auth.models import User
from app.auth.usage import counted, text_bytes
from app.blogs.markdown import EXCERPT, Picture, Text, shortened, words_in
from app.blogs.tags import BlogTag, stored
from app.cache import owned_by
from app.db import Base, UtcDateTime


def _now() -> datetime:
    return datetime.now(UTC)


def _of_content(made: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda context: made(context.get_current_parameters()["content"])


def pictures_of(attachments: Sequence[Attachment]) -> list[Picture]:
    return [
        Picture(each.id, each.fingerprint, each.width, each.height)
        for each in attachments
        if each.width and each.height
    ]


def _documents(attachments: Sequence[Attachment]) -> str:
    return to_json([file_document(each.id, each) for each in attachments]).decode()


class Blog(Base):
    """One entry of one person. `version` counts its changes, so that an edit of an old copy is noticed.

    `html` is the text as it is shown, `files` a JSON array of what it shows of the owner's files, `words` how many it
    has, `tags` what it is filed under. Texts from before there was Markdown have no `html`: they are shown as they were
    typed.

    `client_key` is the key that its writer's browser or program made it with, if any, and `client_digest` what was
    sent then: sent again, it is this blog.
    """

    __tablename__ = "blogs"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200), active_history=True)
    content: Mapped[str] = mapped_column(LongText, active_history=True)
    html: Mapped[str | None] = mapped_column(LongText)
    files: Mapped[str] = mapped_column(LongText, default="[]")
    excerpt: Mapped[str] = mapped_column(String(EXCERPT), default=_of_content(shortened))
    words: Mapped[int] = mapped_column(default=_of_content(words_in))
    tags: Mapped[str] = mapped_column(LongText, default="", active_history=True)
    tag_rows: Mapped[list[BlogTag]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    version: Mapped[int] = mapped_column()
    client_key: Mapped[str | None] = mapped_column(String(100))
    client_digest: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_now, onupdate=_now)

    def write(self, text: Text, attachments: Sequence[Attachment]) -> None:
        """Let it hold that text, which shows those of the owner's files."""
        self.content, self.html, self.files = text.source, text.html(pictures_of(attachments)), _documents(attachments)
        self.excerpt, self.words = text.excerpt, text.words

    def label(self, tags: Sequence[str]) -> None:
        """Let it have those tags, and no others."""
        before = {row.name: row for row in self.tag_rows}
        self.tags = stored(tags)
        self.tag_rows = [before.get(tag) or BlogTag(owner_id=self.owner_id, name=tag) for tag in tags]

    __mapper_args__: Any = {"version_id_col": version}  # noqa: RUF012  SQLAlchemy's own shape
    __table_args__: Any = (
        Index(None, owner_id, id),
        Index(None, owner_id, client_key, unique=True),
        {"sqlite_autoincrement": True},
    )


# Every write to a blog moves its owner's version, and with it away from what was cached.
owned_by(Blog.owner_id, User.cache_version)
counted(
    Blog,
    "owner_id",
    blogs=lambda _blog: 1,
    text_bytes=lambda blog: text_bytes(blog.title, blog.content, blog.tags),
)
