"""Texts that are not saved as blogs yet, each under the key of its form: what the form saves takes its draft away."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, delete, func, insert, select
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.attachments.models import Attachment
from app.auth.queries import lock_user
from app.auth.usage import counted, text_bytes
from app.blogs.documents import DraftDocument
from app.blogs.forms import Typed
from app.blogs.markdown import words_in
from app.blogs.models import Blog
from app.db import MAX_ID, Base, UtcDateTime
from app.errors import Changed, KeyReused, NotFound, OverQuota

MAX_DRAFTS = 200
NO_SUCH_DRAFT = "There is no such draft."
SAVED_BEFORE = "This form was saved as a blog before"
_FILE = re.compile(r"/attachments/([1-9][0-9]{0,17})(?![0-9])")

# The files that a draft shows, which the sweep leaves alone as long as it is there.
FILES = Table(
    "draft_files",
    Base.metadata,
    Column("draft_id", ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True),
    Column("attachment_id", ForeignKey("attachments.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class StoredDraft(Base):
    """What was typed into a form, as it was typed. `revision` counts its changes, so that two devices are told apart.

    One of an edit has the `blog_id`, perhaps of a blog that is gone, and the `version` that it was begun on.
    """

    __tablename__ = "drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(100))
    blog_id: Mapped[int | None]
    version: Mapped[int | None]
    title: Mapped[str] = mapped_column(LongText, active_history=True)
    content: Mapped[str] = mapped_column(LongText, active_history=True)
    tags: Mapped[str] = mapped_column(LongText, default="", active_history=True)
    attachment_id: Mapped[int | None]
    words: Mapped[int]
    revision: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__: Any = (Index(None, owner_id, key, unique=True), {"sqlite_autoincrement": True})


counted(StoredDraft, "owner_id", text_bytes=lambda draft: text_bytes(draft.title, draft.content, draft.tags))


def key_of_edit(blog_id: int) -> str:
    """The key of the form that edits that blog: the same on every device, so that each finds the other's draft."""
    return f"edit-{blog_id}"


def draft_of(session: Session, owner_id: int, key: str) -> StoredDraft | None:
    return session.scalar(select(StoredDraft).where(StoredDraft.owner_id == owner_id, StoredDraft.key == key))


def own_draft(session: Session, owner_id: int, key: str) -> StoredDraft:
    """That person's draft. Raises NotFound."""
    found = draft_of(session, owner_id, key)
    if found is None:
        raise NotFound(NO_SUCH_DRAFT)
    return found


def drafts_by(session: Session, owner_id: int) -> Sequence[Any]:
    """That person's drafts without their texts, the latest first; `is_edit` if the blog that it edits is there."""
    columns = (StoredDraft.key, StoredDraft.title, StoredDraft.words, StoredDraft.revision, StoredDraft.updated_at)
    statement = select(*columns, StoredDraft.blog_id, Blog.id.is_not(None).label("is_edit"))
    own_blog = (Blog.id == StoredDraft.blog_id) & (Blog.owner_id == owner_id)
    statement = statement.outerjoin(Blog, own_blog).where(StoredDraft.owner_id == owner_id)
    return session.execute(statement.order_by(StoredDraft.updated_at.desc(), StoredDraft.id.desc())).all()


def save_draft(session: Session, owner_id: int, key: str, typed: Typed) -> StoredDraft:
    """The draft as it is by now.

    Raises Changed when another device has changed it since that revision, KeyReused when it was saved as a blog.
    """
    lock_user(session, owner_id)
    draft = draft_of(session, owner_id, key)
    fields = typed.model_dump(exclude={"revision"})
    if draft is None:
        draft = _new(session, owner_id, key)
    elif all(getattr(draft, name) == value for name, value in fields.items()):
        # Sent again, since the answer was lost.
        return draft
    elif draft.revision != typed.revision:
        raise Changed("This draft was changed elsewhere.")
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.words, draft.revision, draft.updated_at = words_in(typed.content), typed.revision + 1, datetime.now(UTC)
    session.add(draft)
    session.flush()
    _keep_files(session, draft)
    return draft


def _new(session: Session, owner_id: int, key: str) -> StoredDraft:
    # What a page sends when it is left may come after what it saved.
    if session.scalar(select(Blog.id).where(Blog.owner_id == owner_id, Blog.client_key == key)):
        raise KeyReused(SAVED_BEFORE)
    if (session.scalar(select(func.count(StoredDraft.id)).where(StoredDraft.owner_id == owner_id)) or 0) >= MAX_DRAFTS:
        sentence = f"You have {MAX_DRAFTS} drafts, which is the most. Throw away some that you do not need."
        raise OverQuota("drafts", sentence)
    return StoredDraft(owner_id=owner_id, key=key)


def _keep_files(session: Session, draft: StoredDraft) -> None:
    wanted = {int(found) for found in _FILE.findall(draft.content)} | {draft.attachment_id or 0}
    session.execute(delete(FILES).where(FILES.c.draft_id == draft.id))
    if wanted := {each for each in wanted if 0 < each <= MAX_ID}:
        own = select(Attachment.id).where(Attachment.uploader_id == draft.owner_id, Attachment.id.in_(wanted))
        found = session.scalars(own).all()
        if found:
            session.execute(insert(FILES), [{"draft_id": draft.id, "attachment_id": each} for each in found])


def remove_draft(session: Session, owner_id: int, key: str | None) -> bool:
    """Forget that draft, if there is one. The user is locked. Its bytes are free at once."""
    draft = draft_of(session, owner_id, key) if key else None
    if draft:
        session.delete(draft)
        session.flush()
    return draft is not None


def throw_away(session: Session, owner_id: int, key: str) -> None:
    """Forget that draft. Raises NotFound."""
    lock_user(session, owner_id)
    if not remove_draft(session, owner_id, key):
        raise NotFound(NO_SUCH_DRAFT)


def document_of(draft: StoredDraft) -> DraftDocument:
    """The draft, whole."""
    return {
        "key": draft.key,
        "blog_id": draft.blog_id,
        "version": draft.version,
        "title": draft.title,
        "content": draft.content,
        "tags": draft.tags,
        "attachment_id": draft.attachment_id,
        "words": draft.words,
        "revision": draft.revision,
        "updated_at": draft.updated_at,
    }
