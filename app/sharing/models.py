"""Who may read whose blog."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, UtcDateTime


class Share(Base):
    """A blog's owner lets the person of an e-mail address read it, who need not have logged in yet."""

    __tablename__ = "shares"
    id: Mapped[int] = mapped_column(primary_key=True)
    blog_id: Mapped[int] = mapped_column(ForeignKey("blogs.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))

    # The index holds what is shared with an address in the order of its list.
    __table_args__: Any = (
        UniqueConstraint(blog_id, email),
        Index(None, email, blog_id),
        {"sqlite_autoincrement": True},
    )
