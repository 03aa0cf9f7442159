"""Sharing a blog, and reading what is shared. A blog is known here by the name of its table alone."""

from typing import Any, Protocol

from pydantic_core import to_json
from sqlalchemy import ColumnElement, and_, bindparam, column, func, select, table
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.auth.addresses import comparable
from app.auth.models import User
from app.auth.queries import lock_user
from app.auth.usage import limits_of
from app.cache import BoundQuery, CacheableQuery, Page, PagedQuery, keys_of
from app.errors import Invalid, NotFound
from app.sharing.forms import Invitation
from app.sharing.models import Block, Share

NO_SUCH_BLOG = "There is no such blog."
NO_SUCH_SHARE = "There is no such share."
NO_SUCH_BLOCK = "There is no such block."

_BLOGS = table("blogs", column("id"), column("owner_id"))


class Reader(Protocol):
    """Somebody logged in, such as the guard's Visitor."""

    @property
    def id(self) -> int: ...
    @property
    def email(self) -> str | None: ...
    @property
    def verified_email(self) -> str | None: ...


_blocked = select(Block.id).where(Block.reader_id == bindparam("reader_id"), Block.sender_id == Share.owner_id).exists()
# Of a share with the reader: they have not declined it, nor blocked its sender.
ARRIVES = and_(Share.declined.is_(False), ~_blocked)


def shared(blog_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether the blog of that id is shared with the reader whose parameters `as_reader` gives."""
    # Who has no verified address is bound as NULL, which equals nothing.
    return select(Share.id).where(Share.blog_id == blog_id, Share.email == bindparam("reader_email"), ARRIVES).exists()


def people_shared_with(blog_id: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """With how many people the owner whose parameter is `owner_id` shares the blog of that id.

    Those who declined count, as they stay on the blog's page: they are not told on.
    """
    # As a filter, by which no database can look for them: an index over owners has all that somebody shares.
    mine = func.count(Share.id).filter(Share.owner_id == bindparam("owner_id"))
    return select(mine).where(Share.blog_id == blog_id).scalar_subquery().label("people")


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


BLOCKED_BY = PagedQuery(
    "blocked_by",
    select(Block.id, User.name, Block.created_at).join(User, User.id == Block.sender_id),
    Block.id,
    keys_of(Block.reader_id, "reader_id", Block.id),
)
BLOCKED = CacheableQuery(
    "blocked",
    select(Block.id, User.name, Block.created_at)
    .join(User, User.id == Block.sender_id)
    .where(Block.id == bindparam("id"), Block.reader_id == bindparam("reader_id")),
    one=True,
)


def blocked_by(reader_id: int, page: Page) -> BoundQuery:
    """Whom that person has blocked, by name, the latest first."""
    return BLOCKED_BY.at(page, reader_id=reader_id)


def block_of(reader_id: int, block_id: int) -> BoundQuery:
    """One of them; null for another's just as for none."""
    return BLOCKED(reader_id=reader_id, id=block_id)


def document_of(share: Share) -> bytes:
    """The JSON document that a read would give."""
    return to_json({each.key: getattr(share, each.key) for each in _COLUMNS})


def share(session: Session, owner: Reader, blog_id: int, invitation: Invitation) -> Share:
    """The share with that address, made unless it was there. Whether the address is a user's makes no difference."""
    _lock_own_blog(session, owner.id, blog_id)
    if owner.email and invitation.email == comparable(owner.email):
        raise Invalid({"email": "This is your own address: you can read your blog already"})
    same = select(Share).where(Share.blog_id == blog_id, Share.email == invitation.email)
    return session.scalar(same) or _new_share(session, owner.id, blog_id, invitation.email)


def stop_sharing(session: Session, owner_id: int, blog_id: int, share_id: int) -> None:
    _lock_own_blog(session, owner_id, blog_id)
    found = session.scalar(select(Share).where(Share.blog_id == blog_id, Share.id == share_id))
    if found is None:
        raise NotFound(NO_SUCH_SHARE)
    session.delete(found)


def decline(session: Session, reader: Reader, blog_id: int) -> None:
    """Take that blog off the reader's list: for them it is as if it had never been shared."""
    _share_with(session, reader, blog_id).declined = True


def block(session: Session, reader: Reader, blog_id: int) -> Block:
    """Let nothing more arrive of whoever shares that blog with the reader, now or later."""
    sender_id = _share_with(session, reader, blog_id).owner_id
    same = select(Block).where(Block.reader_id == reader.id, Block.sender_id == sender_id)
    found = session.scalar(same) or Block(reader_id=reader.id, sender_id=sender_id)
    session.add(found)
    session.flush()
    return found


def unblock(session: Session, reader_id: int, block_id: int) -> None:
    lock_user(session, reader_id)
    block = session.scalar(select(Block).where(Block.reader_id == reader_id, Block.id == block_id))
    if block is None:
        raise NotFound(NO_SUCH_BLOCK)
    session.delete(block)


def _share_with(session: Session, reader: Reader, blog_id: int) -> Share:
    """The share of that blog with the reader, also when they turned it away before. Raises NotFound."""
    lock_user(session, reader.id)
    mine = (Share.email == reader.verified_email, Share.owner_id != reader.id)
    found = session.scalar(select(Share).where(Share.blog_id == blog_id, *mine))
    if found is None:
        raise NotFound(NO_SUCH_BLOG)
    return found


def _lock_own_blog(session: Session, owner_id: int, blog_id: int) -> None:
    lock_user(session, owner_id)
    if session.scalar(select(_BLOGS.c.id).where(_BLOGS.c.owner_id == owner_id, _BLOGS.c.id == blog_id)) is None:
        raise NotFound(NO_SUCH_BLOG)


def _new_share(session: Session, owner_id: int, blog_id: int, email: str) -> Share:
    limits = limits_of(session)
    if _has(session, limits.quota_shares_of_blog, Share.blog_id == blog_id):
        raise Invalid({"email": f"A blog can be shared with at most {limits.quota_shares_of_blog:,} people"})
    if _has(session, limits.quota_shares_with_person, Share.owner_id == owner_id, Share.email == email):
        most = f"{limits.quota_shares_with_person:,}"
        raise Invalid({"email": f"You share {most} blogs with this address, which is the most. Stop sharing one first"})
    made = Share(blog_id=blog_id, owner_id=owner_id, email=email)
    session.add(made)
    session.flush()
    return made


def _has(session: Session, number: int, *which: ColumnElement[bool]) -> bool:
    """Whether there are so many such shares; no more of them are looked at."""
    found = select(Share.id).where(*which).limit(number).subquery()
    return (session.scalar(select(func.count()).select_from(found)) or 0) >= number
