"""Which files somebody may see: their own, and those of blogs that they may read."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments.models import READY, Attachment
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.auth.guard import Visitor
from app.errors import NotFound


def visible_to(session: Session, visitor: Visitor, attachment_id: int) -> Attachment:
    """That attachment, ready, if the visitor may see it. Raises NotFound."""
    statement = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.state == READY, Attachment.uploader_id == visitor.id
    )
    attachment = session.scalar(statement)
    if attachment is None:
        raise NotFound(NO_SUCH_ATTACHMENT)
    return attachment
