"""`flask blogs empty-bins` and `render`, `flask usage recount`: what goes, what is shown, and what is counted."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup
from sqlalchemy import ColumnElement, LargeBinary, cast, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import flag_modified

from app.attachments.models import PENDING, Attachment
from app.auth.models import User
from app.auth.queries import lock_user
from app.blogs.drafts import StoredDraft
from app.blogs.models import Blog
from app.blogs.queries import write_text
from app.blogs.versions import BIN_DAYS, Version
from app.blogs.versions import empty_bins as emptied
from app.current import database
from app.db import Database
from app.sharing.models import Share

blogs = AppGroup("blogs", help="The blogs of everybody.")
usage = AppGroup("usage", help="What people have, by which they are limited.")


@blogs.command("empty-bins", help=f"Forget for good what has been in anybody's bin for {BIN_DAYS} days.")
def empty_bins() -> None:
    count = emptied(database(), datetime.now(UTC))
    click.echo(f"{count:,} {'blog is' if count == 1 else 'blogs are'} gone. The next `store sweep` takes their files.")


@blogs.command("render", help="Make what is shown of every text anew, after an update that renders texts otherwise.")
def render() -> None:
    count = rendered_anew(database())
    click.echo(f"{count:,} {'text looks' if count == 1 else 'texts look'} otherwise than before.")


@usage.command("recount", help="Count what everybody has, and whose each share is, from what is there.")
def recount() -> None:
    with database().write() as db:
        count_anew(db)
    click.echo("Everything is counted.")


def rendered_anew(database: Database) -> int:
    """Make the HTML of every Markdown text anew. Returns how many are another now: those count as changed.

    One at a time, so that nobody who saves waits for long. Safe at any time, and twice at once.
    """
    with database.read() as db:
        found = db.execute(select(Blog.id, Blog.owner_id).where(Blog.html.is_not(None)).order_by(Blog.id)).all()
    return sum(_rendered(database, blog_id, owner_id) for blog_id, owner_id in found)


def _rendered(database: Database, blog_id: int, owner_id: int) -> bool:
    with database.write() as db:
        lock_user(db, owner_id)
        blog = db.get(Blog, blog_id)
        if blog is None or blog.html is None:
            return False
        write_text(db, blog, blog.content)
        changed = db.is_modified(blog)
        if changed:
            # It was written when it was, all the same.
            flag_modified(blog, "updated_at")
        return changed


def count_anew(session: Session) -> None:
    """Make every person's counts, and the owner in each share, what the other tables say."""
    text, kept, drafted = (
        func.sum(_bytes(session, each.title) + _bytes(session, each.content) + _bytes(session, each.tags))
        for each in (Blog, Version, StoredDraft)
    )
    versions = select(func.coalesce(kept, 0)).where(Version.owner_id == User.id).scalar_subquery()
    drafts = select(func.coalesce(drafted, 0)).where(StoredDraft.owner_id == User.id).scalar_subquery()
    blogs = select(func.count(Blog.id)).where(Blog.owner_id == User.id)
    files = select(func.count(Attachment.id)).where(Attachment.uploader_id == User.id)
    pending = files.where(Attachment.state == PENDING, Attachment.refusal.is_(None))
    values = {
        User.blog_count: blogs.scalar_subquery(),
        User.text_bytes: blogs.with_only_columns(func.coalesce(text, 0)).scalar_subquery() + versions + drafts,
        User.file_bytes: files.with_only_columns(func.coalesce(func.sum(Attachment.size), 0)).scalar_subquery(),
        User.pending_uploads: pending.scalar_subquery(),
    }
    session.execute(update(User).values(values).execution_options(synchronize_session=False))
    astray = select(Share, Blog.owner_id).join(Blog, Blog.id == Share.blog_id).where(Share.owner_id != Blog.owner_id)
    for share, owner_id in session.execute(astray).all():
        share.owner_id = owner_id


def _bytes(session: Session, column: InstrumentedAttribute[str]) -> ColumnElement[int]:
    # Both are UTF-8; only newer SQLites have the standard's function.
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return func.length(cast(column, LargeBinary)) if is_sqlite else func.octet_length(column)
