"""People, as an identity provider vouched for them."""

from datetime import UTC, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.cache import new_version
from app.db import Base, UtcDateTime

# Of the longest without the name of an interface.
ADDRESS_LENGTH = 45


class User(Base):
    """Somebody who has logged in: one row for each (issuer, subject)."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(200))
    # Whether they named themselves: a login brings the provider's name no more.
    chose_name: Mapped[bool] = mapped_column(default=False, server_default=false())
    email: Mapped[str | None] = mapped_column(String(320))
    email_verified: Mapped[bool] = mapped_column(default=False)
    disabled: Mapped[bool] = mapped_column(default=False)
    # Like the version, it begins at what never comes twice: after a restore, somebody new may get the id of somebody
    # whose row is gone, and whose cookie must not become theirs.
    session_epoch: Mapped[int] = mapped_column(default=new_version)
    cache_version: Mapped[int] = mapped_column(default=new_version)
    # What they have, moved by every write: see app.auth.usage.
    blog_count: Mapped[int] = mapped_column(default=0, server_default="0")
    text_bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    file_bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    pending_uploads: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


class OpenSession(Base):
    """A login whose session may still be open, for its person to see. No cookie counts more or less by it."""

    __tablename__ = "open_sessions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # Where its user has another by now, it was ended, whoever ended it.
    epoch: Mapped[int]
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    browser: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC), index=True)
