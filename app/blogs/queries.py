"""Reading and writing blogs, always on behalf of somebody."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.blogs.forms import Change, Draft
from app.blogs.models import Blog
from app.errors import Changed, NotFound


def blogs_by(session: Session, owner_id: int) -> Sequence[Blog]:
    """That person's blogs, newest first."""
    return session.scalars(select(Blog).where(Blog.owner_id == owner_id).order_by(Blog.id.desc())).all()


def blog_by(session: Session, owner_id: int, blog_id: int) -> Blog:
    """That person's blog. Raises NotFound for another's just as for none."""
    return _found(session.scalar(_one_by(owner_id, blog_id)))


def publish(session: Session, owner_id: int, draft: Draft) -> Blog:
    blog = Blog(owner_id=owner_id, title=draft.title, content=draft.content)
    session.add(blog)
    session.flush()
    return blog


def revise(session: Session, owner_id: int, blog_id: int, change: Change) -> Blog:
    """The blog after the change. Raises Changed when the writer has not seen its newest version."""
    blog = _locked(session, owner_id, blog_id)
    if change.version is not None and change.version != blog.version:
        raise Changed("This blog was changed since you opened it.")
    for name in change.model_fields_set - {"version"}:
        setattr(blog, name, getattr(change, name))
    session.flush()
    return blog


def remove(session: Session, owner_id: int, blog_id: int) -> None:
    session.delete(_locked(session, owner_id, blog_id))


def _locked(session: Session, owner_id: int, blog_id: int) -> Blog:
    # On PostgreSQL two writers of one blog wait for each other here; on SQLite they did when they began.
    return _found(session.scalar(_one_by(owner_id, blog_id).with_for_update()))


def _one_by(owner_id: int, blog_id: int) -> Select[Blog]:
    return select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id)


def _found(blog: Blog | None) -> Blog:
    if blog is None:
        raise NotFound("There is no such blog.")
    return blog
