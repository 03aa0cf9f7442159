"""Files that people add to their blogs."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.models import User
from app.auth.usage import counted
from app.cache import owned_by
from app.db import Base, UtcDateTime

PENDING, READY = "pending", "ready"


def fingerprint(sha256: str) -> str:
    """What an image's address says of its content: another image never has the same address, whatever its id."""
    return blake2b(sha256.encode(), digest_size=8).hexdigest()


def file_document(attachment_id: int, file: Any) -> Any:
    """What readers are told of a file, by its row or its object."""
    return {
        "id": attachment_id,
        "fingerprint": fingerprint(file.sha256),
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "width": file.width,
        "height": file.height,
    }


class Attachment(Base):
    """A file in the store, as it was declared (`pending`), then as the server found it to be (`ready`).

    `sha256` is in base64, or, for an upload in parts, S3's checksum of their checksums. `refusal` is why a finished
    upload was turned down. `detached_at` is when it was last taken off a blog. On its blog it stands at the top, which
    only one does, or `in_text`. `client_key` is the key that the uploader's program declared it with, if any.
    """

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(primary_key=True)
    uploader_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    blog_id: Mapped[int | None] = mapped_column(ForeignKey("blogs.id", ondelete="SET NULL"))
    in_text: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    client_key: Mapped[str | None] = mapped_column(String(100))
    upload_id: Mapped[str | None] = mapped_column(String(1024))
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(active_history=True)
    sha256: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default=PENDING, active_history=True)
    refusal: Mapped[str | None] = mapped_column(String(300), active_history=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_settled(self) -> bool:
        return self.state == READY or self.refusal is not None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.sha256)

    __table_args__: Any = (
        Index(None, uploader_id),
        Index(None, uploader_id, client_key, unique=True),
        Index(None, blog_id),
        Index("uq_attachments_top", blog_id, unique=True, sqlite_where=~in_text, postgresql_where=~in_text),
        Index(None, state, created_at),
        {"sqlite_autoincrement": True},
    )


owned_by(Attachment.uploader_id, User.cache_version)
# What was refused counts until it is swept: until then it could be sent again.
counted(
    Attachment,
    "uploader_id",
    file_bytes=lambda file: file.size,
    pending_uploads=lambda file: int(file.state in (PENDING, None) and file.refusal is None),
)
