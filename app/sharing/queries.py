"""Sharing a blog, and reading what is shared. A blog is known here by the name of its table alone."""

from typing import Any, Protocol

from pydantic_core import to_json
from sqlalchemy import ColumnElement, bindparam, column, func, select, table
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.auth.addresses import comparable
from app.auth.queries import lock_user
from app.cache import BoundQuery, Page, PagedQuery, keys_of
from app.errors import Invalid, NotFound
from app.sharing.forms import Invitation
from app.sharing.models import Share

NO_SUCH_BLOG = "There is no such blog."
NO_SUCH_SHARE = "There is no such share."
MAX_SHARES = 100

_BLOGS = table("blogs", column("id"), column("owner_id"))


class Reader(Protocol):
    """Somebody logged in, such as the guard's Visitor."""

    @property
    def id(self) -> int: ...
    @property
    def email(self) -> str | None: ...
    @property
    def verified_email(self) -> str | None: ...


def shared(blog_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether the blog of that id is shared with the reader whose parameters `as_reader` gives."""
    # Who has no verified address is bound as NULL, which equals nothing.
    return select(Share.id).where(Share.blog_id == blog_id, Share.email == bindparam("reader_email")).exists()


def as_reader(reader: Reader) -> dict[str, int | str | None]:
    """The parameters of a statement about that reader: `reader_id` and `reader_email`."""
    return {"reader_id": reader.id, "reader_email": reader.verified_email}


_COLUMNS = (Share.id, Share.email, Share.created_at)
SHARES_OF = PagedQuery(
    "shares_of",
    select(*_COLUMNS)
    .join(_BLOGS, _BLOGS.c.id == Share.blog_id)
    .where(_BLOGS.c.owner_id == bindparam("owner_id"), _BLOGS.c.id == bindparam("blog_id")),
    Share.id,
    keys_of(Share.blog_id, "blog_id", Share.id),
)


def shares_of(owner_id: int, blog_id: int, page: Page) -> BoundQuery:
    """With whom that person shares that blog, the newest first; nobody for another's just as for none."""
    return SHARES_OF.at(page, owner_id=owner_id, blog_id=blog_id)


def document_of(share: Share) -> bytes:
    """The JSON document that a read would give."""
    return to_json({each.key: getattr(share, each.key) for each in _COLUMNS})


def share(session: Session, owner: Reader, blog_id: int, invitation: Invitation) -> Share:
    """The share with that address, made unless it was there. Whether the address is a user's makes no difference."""
    _lock_own_blog(session, owner.id, blog_id)
    if owner.email and invitation.email == comparable(owner.email):
        raise Invalid({"email": "This is your own address: you can read your blog already"})
    same = select(Share).where(Share.blog_id == blog_id, Share.email == invitation.email)
    return session.scalar(same) or _new_share(session, blog_id, invitation.email)


def stop_sharing(session: Session, owner_id: int, blog_id: int, share_id: int) -> None:
    _lock_own_blog(session, owner_id, blog_id)
    found = session.scalar(select(Share).where(Share.blog_id == blog_id, Share.id == share_id))
    if found is None:
        raise NotFound(NO_SUCH_SHARE)
    session.delete(found)


def _lock_own_blog(session: Session, owner_id: int, blog_id: int) -> None:
    lock_user(session, owner_id)
    if session.scalar(select(_BLOGS.c.id).where(_BLOGS.c.owner_id == owner_id, _BLOGS.c.id == blog_id)) is None:
        raise NotFound(NO_SUCH_BLOG)


def _new_share(session: Session, blog_id: int, email: str) -> Share:
    if (session.scalar(select(func.count()).where(Share.blog_id == blog_id)) or 0) >= MAX_SHARES:
        raise Invalid({"email": f"A blog can be shared with at most {MAX_SHARES} people"})
    made = Share(blog_id=blog_id, email=email)
    session.add(made)
    session.flush()
    return made
