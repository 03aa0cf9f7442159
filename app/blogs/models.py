"""Blogs: what people write."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.models import User
from app.auth.usage import counted
from app.cache import owned_by
from app.db import Base, UtcDateTime


def _now() -> datetime:
    return datetime.now(UTC)


class Blog(Base):
    """One entry of one person. `version` counts its changes, so that an edit of an old copy is noticed.

    `client_key` is the key that its writer's browser or program made it with, if any, and `client_digest` what was
    sent then: sent again, it is this blog.
    """

    __tablename__ = "blogs"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200), active_history=True)
    content: Mapped[str] = mapped_column(Text, active_history=True)
    version: Mapped[int] = mapped_column()
    client_key: Mapped[str | None] = mapped_column(String(100))
    client_digest: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_now, onupdate=_now)

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
    text_bytes=lambda blog: len(blog.title.encode()) + len(blog.content.encode()),
)
