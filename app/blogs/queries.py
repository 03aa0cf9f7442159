"""Reading and writing blogs, always on behalf of somebody."""

from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic_core import to_json
from sqlalchemy import BindParameter, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.attachments.models import Attachment, fingerprint
from app.attachments.queries import attach
from app.auth.addresses import comparable
from app.auth.models import User
from app.auth.queries import hold
from app.blogs.forms import Change, Draft, Invitation
from app.blogs.models import Blog, Share
from app.cache import Query, Read, Scope
from app.errors import Changed, Invalid, NotFound

NO_SUCH_BLOG = "There is no such blog."
NO_SUCH_SHARE = "There is no such share."
MAX_SHARES = 100


class Person(Protocol):
    """Somebody logged in, such as the guard's Visitor."""

    @property
    def id(self) -> int: ...
    @property
    def email(self) -> str | None: ...
    @property
    def verified_email(self) -> str | None: ...


# Which blogs a person may read, for the `where` of any statement that has Blog in it; `as_reader(person)` holds the
# parameters. Who has no verified address is bound as NULL, which equals nothing.
SHARED = Blog.id.in_(select(Share.blog_id).where(Share.email == bindparam("reader_email")))
VISIBLE = or_(Blog.owner_id == bindparam("reader_id"), SHARED)


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
BLOGS_BY = Query("blogs_by", _OWN.order_by(Blog.id.desc()), _document)
BLOG_BY = Query("blog_by", _OWN.where(Blog.id == bindparam("id")), _document, one=True)

# Never cached: what others write and share does not move the reader's version.
ANYBODYS = (
    select(*_BLOG, Attachment.id.label("attachment_id"), Attachment.sha256, *_ATTACHED, User.name.label("owner_name"))
    .join(User, User.id == Blog.owner_id)
    .outerjoin(Attachment, Attachment.blog_id == Blog.id)
)
BLOGS_SHARED = Query(
    "blogs_shared",
    ANYBODYS.where(SHARED, Blog.owner_id != bindparam("reader_id")).order_by(Blog.id.desc()),
    _with_owner,
)
BLOG_VISIBLE = Query("blog_visible", ANYBODYS.where(VISIBLE, Blog.id == bindparam("id")), _with_owner, one=True)

SHARE_COLUMNS = (Share.id, Share.email, Share.created_at)
SHARES_OF = Query(
    "shares_of",
    select(*SHARE_COLUMNS)
    .join(Blog)
    .where(Blog.owner_id == bindparam("owner_id"), Blog.id == bindparam("blog_id"))
    .order_by(Share.id),
)


def blogs_by(owner: Scope) -> Read:
    """That person's blogs, newest first."""
    return BLOGS_BY(owner_id=owner.id).cached(owner)


def blog_by(owner: Scope, blog_id: int) -> Read:
    """That person's blog; null for another's just as for none."""
    return BLOG_BY(owner_id=owner.id, id=blog_id).cached(owner)


def blog_as_saved(owner: Scope, blog_id: int) -> Read:
    """That person's blog as it is by now, which may be later than when the request began."""
    return BLOG_BY(owner_id=owner.id, id=blog_id)


def as_reader(person: Person) -> dict[str, int | str | None]:
    """The parameters of SHARED and VISIBLE for that person."""
    return {"reader_id": person.id, "reader_email": person.verified_email}


def blogs_shared_with(person: Person) -> Read:
    """The blogs that others share with that person, newest first, with their owners' names."""
    return BLOGS_SHARED(**as_reader(person))


def blog_visible_to(person: Person, blog_id: int) -> Read:
    """That blog with its owner's name; null unless that person owns it or it is shared with them."""
    return BLOG_VISIBLE(**as_reader(person), id=blog_id)


def shares_of(owner_id: int, blog_id: int) -> Read:
    """With whom that person shares that blog; nobody for another's just as for none."""
    return SHARES_OF(owner_id=owner_id, blog_id=blog_id)


def document_of(share: Share) -> bytes:
    """The JSON document that a read would give."""
    return to_json({column.key: getattr(share, column.key) for column in SHARE_COLUMNS})


def publish(session: Session, owner_id: int, draft: Draft) -> Blog:
    hold(session, owner_id)
    blog = Blog(owner_id=owner_id, title=draft.title, content=draft.content)
    session.add(blog)
    session.flush()
    attach(session, owner_id, blog.id, draft.attachment_id)
    return blog


def revise(session: Session, owner_id: int, blog_id: int, change: Change) -> Blog:
    """The blog after the change. Raises Changed when the writer has not seen its newest version."""
    blog = _held(session, owner_id, blog_id)
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
    blog = _held(session, owner_id, blog_id)
    attach(session, owner_id, blog_id, None)
    session.delete(blog)


def share(session: Session, owner: Person, blog_id: int, invitation: Invitation) -> Share:
    """The share with that address, made unless it was there. Whether the address is a user's makes no difference."""
    _held(session, owner.id, blog_id)
    if owner.email and invitation.email == comparable(owner.email):
        raise Invalid({"email": "This is your own address: you can read your blog already"})
    same = select(Share).where(Share.blog_id == blog_id, Share.email == invitation.email)
    return session.scalar(same) or _new_share(session, blog_id, invitation.email)


def stop_sharing(session: Session, owner_id: int, blog_id: int, share_id: int) -> None:
    _held(session, owner_id, blog_id)
    found = session.scalar(select(Share).where(Share.blog_id == blog_id, Share.id == share_id))
    if found is None:
        raise NotFound(NO_SUCH_SHARE)
    session.delete(found)


def _new_share(session: Session, blog_id: int, email: str) -> Share:
    if (session.scalar(select(func.count()).where(Share.blog_id == blog_id)) or 0) >= MAX_SHARES:
        raise Invalid({"email": f"A blog can be shared with at most {MAX_SHARES} people"})
    made = Share(blog_id=blog_id, email=email)
    session.add(made)
    session.flush()
    return made


def _held(session: Session, owner_id: int, blog_id: int) -> Blog:
    hold(session, owner_id)
    blog = session.scalar(select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id))
    if blog is None:
        raise NotFound(NO_SUCH_BLOG)
    return blog
