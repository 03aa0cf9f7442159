"""Reading and writing attachments, always on behalf of somebody."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.attachments.forms import Declaration
from app.attachments.models import READY, Attachment
from app.auth.queries import lock_user
from app.errors import KeyReused, NotFound
from app.images.decoder import ImageInfo

NO_SUCH_ATTACHMENT = "Attachment not found"


class NoSuchAttachment(NotFound):
    """There is no such file to put into a blog."""


def declare(session: Session, uploader_id: int, declaration: Declaration, client_key: str | None = None) -> Attachment:
    """A pending attachment, under a key that nobody else chose; or the one that was declared with that client's key.

    Raises KeyReused when it declared another file.
    """
    lock_user(session, uploader_id)
    if client_key and (before := _declared_before(session, uploader_id, client_key)):
        if any(getattr(before, name) != value for name, value in declaration):
            raise KeyReused
        return before
    attachment = Attachment(
        uploader_id=uploader_id,
        key=f"{uploader_id}/{uuid4()}",
        client_key=client_key,
        filename=declaration.filename,
        content_type=declaration.content_type,
        size=declaration.size,
        sha256=declaration.sha256,
    )
    session.add(attachment)
    session.flush()
    return attachment


def _declared_before(session: Session, uploader_id: int, client_key: str) -> Attachment | None:
    statement = select(Attachment).where(Attachment.uploader_id == uploader_id, Attachment.client_key == client_key)
    return session.scalar(statement)


def uploaded_by(session: Session, uploader_id: int, attachment_id: int) -> Attachment:
    """That person's attachment, in whatever state. Raises NoSuchAttachment."""
    statement = select(Attachment).where(Attachment.id == attachment_id, Attachment.uploader_id == uploader_id)
    attachment = session.scalar(statement)
    if attachment is None:
        raise NoSuchAttachment(NO_SUCH_ATTACHMENT)
    return attachment


def keep_upload_id(session: Session, uploader_id: int, attachment_id: int, upload_id: str) -> None:
    """Keep under which id the store takes that person's parts."""
    lock_user(session, uploader_id)
    uploaded_by(session, uploader_id, attachment_id).upload_id = upload_id


def ready_file(session: Session, uploader_id: int, attachment_id: int) -> Attachment | None:
    """That person's attachment, if it can be put into a blog of theirs."""
    statement = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.uploader_id == uploader_id, Attachment.state == READY
    )
    return session.scalar(statement)


def record_finding(
    session: Session, uploader_id: int, attachment_id: int, image: ImageInfo | None, refusal: str | None
) -> Attachment:
    """That person's attachment, ready or refused: the first finding stands. Raises NoSuchAttachment if it was swept."""
    lock_user(session, uploader_id)
    attachment = uploaded_by(session, uploader_id, attachment_id)
    if attachment.state == READY or attachment.refusal:
        return attachment
    if refusal:
        attachment.refusal = refusal[:300]
    else:
        attachment.state, attachment.finished_at = READY, datetime.now(UTC)
    if image:
        attachment.width, attachment.height = image.width, image.height
    session.flush()
    return attachment


def forget(session: Session, uploader_id: int, attachment_ids: Sequence[int]) -> None:
    """Let go of those files of that person's that are on no blog."""
    lock_user(session, uploader_id)
    mine = (Attachment.uploader_id == uploader_id, Attachment.blog_id.is_(None))
    # As objects, whose bytes are then no longer counted.
    for attachment in session.scalars(select(Attachment).where(Attachment.id.in_(attachment_ids), *mine)):
        session.delete(attachment)


def attach(session: Session, uploader_id: int, blog_id: int, attachment_id: int | None) -> bool:
    """Make that the attachment at the top of the blog, or leave it none. Returns whether this changed anything.

    The caller has locked the user. Raises NoSuchAttachment unless it is the user's own and ready.
    """
    statement = select(Attachment).where(Attachment.blog_id == blog_id, Attachment.uploader_id == uploader_id)
    current = session.scalar(statement.where(~Attachment.in_text))
    if (current and current.id) == attachment_id:
        return False
    if current:
        current.blog_id, current.detached_at = None, datetime.now(UTC)
        # The place must be free before another takes it.
        session.flush()
    if attachment_id is not None:
        wanted = uploaded_by(session, uploader_id, attachment_id)
        if wanted.state != READY or wanted.blog_id is not None:
            raise NoSuchAttachment(NO_SUCH_ATTACHMENT)
        wanted.blog_id = blog_id
    return True


def files_for_text(session: Session, uploader_id: int, blog_id: int | None, wanted: set[int]) -> list[Attachment]:
    """Those of the wanted files that a text of that blog may show: their own, ready, and on no other blog."""
    if not wanted:
        return []
    statement = select(Attachment).where(
        Attachment.id.in_(wanted),
        Attachment.uploader_id == uploader_id,
        Attachment.state == READY,
        or_(Attachment.blog_id.is_(None), Attachment.blog_id == blog_id),
    )
    return list(session.scalars(statement.order_by(Attachment.id)))


def place_in_text(session: Session, uploader_id: int, blog_id: int, shown: list[Attachment]) -> None:
    """Put those files on the blog, unless they are, and take off what was in its text before. The user is locked."""
    statement = select(Attachment).where(Attachment.blog_id == blog_id, Attachment.uploader_id == uploader_id)
    for attachment in session.scalars(statement.where(Attachment.in_text)):
        if attachment not in shown:
            attachment.blog_id, attachment.in_text, attachment.detached_at = None, False, datetime.now(UTC)
    for attachment in shown:
        if attachment.blog_id is None:
            attachment.blog_id, attachment.in_text = blog_id, True
