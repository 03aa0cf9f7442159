"""Which files somebody may see: their own, and those of blogs that are shared with them."""

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from app.attachments.models import READY, Attachment
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.errors import NotFound
from app.sharing.queries import Reader, as_reader, shared

_VISIBLE = select(Attachment).where(
    Attachment.state == READY, or_(Attachment.uploader_id == bindparam("reader_id"), shared(Attachment.blog_id))
)


def visible_to(session: Session, reader: Reader, attachment_id: int) -> Attachment:
    """That attachment, ready, if the reader uploaded it or its own blog is shared with them. Raises NotFound."""
    statement = _VISIBLE.where(Attachment.id == attachment_id)
    attachment = session.scalar(statement, as_reader(reader))
    if attachment is None:
        raise NotFound(NO_SUCH_ATTACHMENT)
    return attachment
