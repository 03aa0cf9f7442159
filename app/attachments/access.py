"""Which files somebody may see: their own, and those of blogs that are shared with them."""

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from app.attachments.models import READY, Attachment
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.blogs.models import Blog
from app.blogs.queries import SHARED, Person, as_reader
from app.errors import NotFound

_VISIBLE = (
    select(Attachment)
    .outerjoin(Blog, Blog.id == Attachment.blog_id)
    .where(Attachment.state == READY, or_(Attachment.uploader_id == bindparam("reader_id"), SHARED))
)


def visible_to(session: Session, person: Person, attachment_id: int) -> Attachment:
    """That attachment, ready, if the person uploaded it or its own blog is shared with them. Raises NotFound."""
    statement = _VISIBLE.where(Attachment.id == attachment_id)
    attachment = session.scalar(statement, as_reader(person))
    if attachment is None:
        raise NotFound(NO_SUCH_ATTACHMENT)
    return attachment
