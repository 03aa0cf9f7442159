"""Who may read whose blog."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.models import User
from app.cache import owned_by
from app.db import Base, UtcDateTime


class Share(Base):
    """A blog's owner lets the person of an e-mail address read it, who need not have logged in yet."""

    __tablename__ = "shares"
    id: Mapped[int] = mapped_column(primary_key=True)
    blog_id: Mapped[int] = mapped_column(ForeignKey("blogs.id", ondelete="CASCADE"))
    # The blog's owner, so that what one person shares with another is found, and turned away, by this table alone.
    owner_id: Mapped[int] = mapped_column(server_default="0")
    email: Mapped[str] = mapped_column(String(320))
    declined: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))

    # The index holds what is shared with an address in the order of its list.
    __table_args__: Any = (
        UniqueConstraint(blog_id, email),
        Index(None, email, blog_id),
        Index(None, owner_id, email),
        {"sqlite_autoincrement": True},
    )


# The owner's lists say how many may read each blog. Who declines is not told on.
owned_by(Share.owner_id, User.cache_version, aside=Share.declined)


class Block(Base):
    """Somebody wants to see nothing of what another shares. The other learns nothing of it."""

    __tablename__ = "blocks"
    id: Mapped[int] = mapped_column(primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))

    __table_args__: Any = (
        UniqueConstraint(reader_id, sender_id),
        Index(None, reader_id, id),
        Index(None, sender_id),
        {"sqlite_autoincrement": True},
    )
