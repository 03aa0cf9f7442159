"""`flask blogs empty-bins` and `flask usage recount`: what has been deleted long ago goes, what is there is counted."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup
from sqlalchemy import ColumnElement, LargeBinary, cast, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.attachments.models import PENDING, Attachment
from app.auth.models import User
from app.blogs.drafts import StoredDraft
from app.blogs.models import Blog
from app.blogs.versions import BIN_DAYS, Version
from app.blogs.versions import empty_bins as emptied
from app.current import database
from app.sharing.models import Share

blogs = AppGroup("blogs", help="The blogs of everybody.")
usage = AppGroup("usage", help="What people have, by which they are limited.")


@blogs.command("empty-bins", help=f"Forget for good what has been in anybody's bin for {BIN_DAYS} days.")
def empty_bins() -> None:
    count = emptied(database(), datetime.now(UTC))
    click.echo(f"{count:,} {'blog is' if count == 1 else 'blogs are'} gone. The next `store sweep` takes their files.")


@usage.command("recount", help="Count what everybody has, and whose each share is, from what is there.")
def recount() -> None:
    with database().write() as db:
        count_anew(db)
    click.echo("Everything is counted.")


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
