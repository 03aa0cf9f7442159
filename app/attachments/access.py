"""Which files somebody may see: their own, and those of blogs that are shared with them."""

from typing import NamedTuple

from sqlalchemy import bindparam, or_, select

from app.attachments.models import READY, Attachment
from app.attachments.queries import NO_SUCH_ATTACHMENT
from app.db import Database
from app.errors import NotFound
from app.sharing.queries import Reader, as_reader, shared


class VisibleFile(NamedTuple):
    """What showing a file takes to know of its attachment."""

    uploader_id: int
    key: str
    filename: str
    content_type: str
    sha256: str


# Built once: this is the statement that every picture on a page runs.
_VISIBLE = select(*(getattr(Attachment, name) for name in VisibleFile._fields)).where(
    Attachment.id == bindparam("attachment_id"),
    Attachment.state == READY,
    or_(Attachment.uploader_id == bindparam("reader_id"), shared(Attachment.blog_id)),
)


def visible_to(database: Database, reader: Reader, attachment_id: int) -> VisibleFile:
    """That file, ready, if the reader uploaded it or its own blog is shared with them. Raises NotFound."""
    found = database.rows(_VISIBLE, {"attachment_id": attachment_id, **as_reader(reader)})
    if not found:
        raise NotFound(NO_SUCH_ATTACHMENT)
    return VisibleFile(*found[0])
