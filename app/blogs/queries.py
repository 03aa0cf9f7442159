"""Reading and writing blogs, always on behalf of somebody."""

from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from app.attachments.models import Attachment
from app.attachments.queries import attach
from app.blogs.forms import Change, Draft
from app.blogs.models import Blog
from app.cache import Query, Read, Scope
from app.errors import Changed, NotFound

NO_SUCH_BLOG = "There is no such blog."

_owner: BindParameter[int] = bindparam("owner_id")
_SELECT = (
    select(
        *(Blog.id, Blog.title, Blog.content, Blog.version, Blog.created_at, Blog.updated_at),
        *(Attachment.id.label("attachment_id"), Attachment.filename, Attachment.content_type, Attachment.size),
        *(Attachment.width, Attachment.height),
    )
    .outerjoin(Attachment, (Attachment.blog_id == Blog.id) & (Attachment.uploader_id == _owner))
    .where(Blog.owner_id == _owner)
)


def _document(row: Any) -> dict[str, Any]:
    attachment = ("filename", "content_type", "size", "width", "height")
    blog = ("id", "title", "content", "version", "created_at", "updated_at")
    return {
        **{name: getattr(row, name) for name in blog},
        "attachment": row.attachment_id
        and {"id": row.attachment_id, **{name: getattr(row, name) for name in attachment}},
    }


BLOGS_BY = Query("blogs_by", _SELECT.order_by(Blog.id.desc()), _document)
BLOG_BY = Query("blog_by", _SELECT.where(Blog.id == bindparam("id")), _document, one=True)


def blogs_by(owner: Scope) -> Read:
    """That person's blogs, newest first."""
    return BLOGS_BY(owner_id=owner.id).cached(owner)


def blog_by(owner: Scope, blog_id: int) -> Read:
    """That person's blog; null for another's just as for none."""
    return BLOG_BY(owner_id=owner.id, id=blog_id).cached(owner)


def blog_as_saved(owner: Scope, blog_id: int) -> Read:
    """That person's blog as it is by now, which may be later than when the request began."""
    return BLOG_BY(owner_id=owner.id, id=blog_id)


def publish(session: Session, owner_id: int, draft: Draft) -> Blog:
    blog = Blog(owner_id=owner_id, title=draft.title, content=draft.content)
    session.add(blog)
    session.flush()
    attach(session, owner_id, blog.id, draft.attachment_id)
    return blog


def revise(session: Session, owner_id: int, blog_id: int, change: Change) -> Blog:
    """The blog after the change. Raises Changed when the writer has not seen its newest version."""
    blog = _locked(session, owner_id, blog_id)
    if change.version is not None and change.version != blog.version:
        raise Changed("This blog was changed since you opened it.")
    for name in change.model_fields_set & {"title", "content"}:
        setattr(blog, name, getattr(change, name))
    if "attachment_id" in change.model_fields_set:
        attach(session, owner_id, blog.id, change.attachment_id)
    session.flush()
    return blog


def remove(session: Session, owner_id: int, blog_id: int) -> None:
    session.delete(_locked(session, owner_id, blog_id))


def _locked(session: Session, owner_id: int, blog_id: int) -> Blog:
    # On PostgreSQL two writers of one blog wait for each other here; on SQLite they did when they began.
    statement = select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id).with_for_update()
    blog = session.scalar(statement)
    if blog is None:
        raise NotFound(NO_SUCH_BLOG)
    return blog
