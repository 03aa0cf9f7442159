"""Reading and writing blogs, always on behalf of somebody."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, or_, select
from sqlalchemy.orm import Session

from app.attachments.models import Attachment, fingerprint
from app.attachments.queries import attach
from app.auth.models import User
from app.auth.queries import lock_user
from app.blogs.forms import Change, Draft
from app.blogs.models import Blog
from app.cache import BoundQuery, CacheableQuery, Scope
from app.errors import Changed, NotFound
from app.sharing.queries import NO_SUCH_BLOG, Reader, as_reader, shared

_owner: BindParameter[int] = bindparam("owner_id")
_BLOG = (Blog.id, Blog.title, Blog.content, Blog.version, Blog.created_at, Blog.updated_at)
_ATTACHED = (Attachment.filename, Attachment.content_type, Attachment.size, Attachment.width, Attachment.height)


def _document(row: Any) -> dict[str, Any]:
    attached = row.attachment_id and {
        "id": row.attachment_id,
        "fingerprint": fingerprint(row.sha256),
        **{each.key: getattr(row, each.key) for each in _ATTACHED},
    }
    return {**{each.key: getattr(row, each.key) for each in _BLOG}, "attachment": attached}


def _with_owner(row: Any) -> dict[str, Any]:
    return _document(row) | {"owner": {"name": row.owner_name}}


_OWN = (
    select(*_BLOG, Attachment.id.label("attachment_id"), Attachment.sha256, *_ATTACHED)
    .outerjoin(Attachment, (Attachment.blog_id == Blog.id) & (Attachment.uploader_id == _owner))
    .where(Blog.owner_id == _owner)
)
BLOGS_BY = CacheableQuery("blogs_by", _OWN.order_by(Blog.id.desc()), _document)
BLOG_BY = CacheableQuery("blog_by", _OWN.where(Blog.id == bindparam("id")), _document, one=True)

# Never cached: what others write and share does not move the reader's version.
ANYBODYS = (
    select(*_BLOG, Attachment.id.label("attachment_id"), Attachment.sha256, *_ATTACHED, User.name.label("owner_name"))
    .join(User, User.id == Blog.owner_id)
    .outerjoin(Attachment, Attachment.blog_id == Blog.id)
)
_VISIBLE = or_(Blog.owner_id == bindparam("reader_id"), shared(Blog.id))
BLOGS_SHARED = CacheableQuery(
    "blogs_shared",
    ANYBODYS.where(shared(Blog.id), Blog.owner_id != bindparam("reader_id")).order_by(Blog.id.desc()),
    _with_owner,
)
BLOG_VISIBLE = CacheableQuery(
    "blog_visible", ANYBODYS.where(_VISIBLE, Blog.id == bindparam("id")), _with_owner, one=True
)


def blogs_by(owner: Scope) -> BoundQuery:
    """That person's blogs, newest first."""
    return BLOGS_BY(owner_id=owner.id).cached(owner)


def blog_by(owner: Scope, blog_id: int) -> BoundQuery:
    """That person's blog; null for another's just as for none."""
    return BLOG_BY(owner_id=owner.id, id=blog_id).cached(owner)


def blog_as_saved(owner: Scope, blog_id: int) -> BoundQuery:
    """That person's blog as it is by now, which may be later than when the request began."""
    return BLOG_BY(owner_id=owner.id, id=blog_id)


def blogs_shared_with(reader: Reader) -> BoundQuery:
    """The blogs that others share with that person, newest first, with their owners' names."""
    return BLOGS_SHARED(**as_reader(reader))


def blog_visible_to(reader: Reader, blog_id: int) -> BoundQuery:
    """That blog with its owner's name; null unless that person owns it or it is shared with them."""
    return BLOG_VISIBLE(**as_reader(reader), id=blog_id)


def publish(session: Session, owner_id: int, draft: Draft) -> Blog:
    lock_user(session, owner_id)
    blog = Blog(owner_id=owner_id, title=draft.title, content=draft.content)
    session.add(blog)
    session.flush()
    attach(session, owner_id, blog.id, draft.attachment_id)
    return blog


def revise(session: Session, owner_id: int, blog_id: int, change: Change) -> Blog:
    """The blog after the change. Raises Changed when the writer has not seen its newest version."""
    blog = _locked_blog(session, owner_id, blog_id)
    if change.version is not None and change.version != blog.version:
        raise Changed("This blog was changed since you opened it.")
    for name in change.model_fields_set & {"title", "content"}:
        setattr(blog, name, getattr(change, name))
    if "attachment_id" in change.model_fields_set:
        changed = attach(session, owner_id, blog.id, change.attachment_id)
        # An image is part of the blog: whoever edits it elsewhere should hear of another one.
        blog.updated_at = datetime.now(UTC) if changed else blog.updated_at
    session.flush()
    return blog


def remove(session: Session, owner_id: int, blog_id: int) -> None:
    blog = _locked_blog(session, owner_id, blog_id)
    attach(session, owner_id, blog_id, None)
    session.delete(blog)


def _locked_blog(session: Session, owner_id: int, blog_id: int) -> Blog:
    lock_user(session, owner_id)
    blog = session.scalar(select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id))
    if blog is None:
        raise NotFound(NO_SUCH_BLOG)
    return blog
