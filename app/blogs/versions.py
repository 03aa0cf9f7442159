"""What blogs were before: each saved version of a text, and the blogs in the bin, which are nothing but versions.

A blog that is deleted leaves the table of blogs, so that no list, no share and no search can find it. Its last version
remembers what it takes to bring it back.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Column, ForeignKey, Index, String, Table, func, insert, select
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.attachments.models import Attachment
from app.attachments.queries import attach, files_for_text, place_in_text
from app.auth.models import User
from app.auth.queries import lock_user
from app.auth.usage import counted, limits_of, text_bytes
from app.blogs.markdown import Text
from app.blogs.models import Blog
from app.blogs.tags import tags_of
from app.cache import Page
from app.db import MAX_ID, Base, Database, UtcDateTime
from app.errors import NotFound
from app.sharing.models import Share

NO_SUCH_VERSION = "There is no such version."
BIN_DAYS = 30

# The files that a version shows, which the sweep leaves alone as long as it is there.
FILES = Table(
    "version_files",
    Base.metadata,
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("attachment_id", ForeignKey("attachments.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Version(Base):
    """A blog as it was until `replaced_at`; each of a blog's has the next `number`.

    One with `binned_at` is the last of a blog in the bin; `shared_with` is a JSON array of who could read that.
    """

    __tablename__ = "versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Of a blog that may be gone.
    blog_id: Mapped[int] = mapped_column()
    number: Mapped[int] = mapped_column()
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(LongText)
    html: Mapped[str | None] = mapped_column(LongText)
    tags: Mapped[str] = mapped_column(LongText, default="")
    attachment_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    binned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shared_with: Mapped[str] = mapped_column(LongText, default="[]")

    __table_args__: Any = (
        Index(None, owner_id, blog_id, number, unique=True),
        Index(None, owner_id, binned_at),
        Index(None, binned_at),
        {"sqlite_autoincrement": True},
    )


counted(Version, "owner_id", text_bytes=lambda kept: text_bytes(kept.title, kept.content, kept.tags))


def keep_version(session: Session, blog: Blog) -> None:
    """Keep the blog as it is in the database, before it changes. The user is locked.

    The oldest versions make room for it. Where there is none, the change counts for more than what was before it.
    """
    version, files = _as_it_is(session, blog)
    if _has_room(session, blog, text_bytes(blog.title, blog.content, blog.tags)):
        _keep(session, version, files)


def put_into_bin(session: Session, blog: Blog) -> None:
    """Make the blog a version that remembers who could read it, and nothing else. The user is locked."""
    version, files = _as_it_is(session, blog)
    readers = session.scalars(select(Share.email).where(Share.blog_id == blog.id).order_by(Share.id))
    version.binned_at, version.shared_with = datetime.now(UTC), to_json([*readers]).decode()
    attach(session, blog.owner_id, blog.id, None)
    place_in_text(session, blog.owner_id, blog.id, [])
    session.delete(blog)
    _keep(session, version, files)


def _as_it_is(session: Session, blog: Blog) -> tuple[Version, list[int]]:
    """The blog as a version, and the ids of its files, that at the top first."""
    on_it = select(Attachment.id, Attachment.in_text).where(Attachment.blog_id == blog.id)
    files = session.execute(on_it.order_by(Attachment.in_text, Attachment.id)).all()
    version = Version(
        owner_id=blog.owner_id,
        blog_id=blog.id,
        number=_next_number(session, blog),
        title=blog.title,
        content=blog.content,
        html=blog.html,
        tags=blog.tags,
        attachment_id=next((file.id for file in files if not file.in_text), None),
        created_at=blog.created_at,
        written_at=blog.updated_at,
    )
    return version, [file.id for file in files]


def _has_room(session: Session, blog: Blog, size: int) -> bool:
    """Whether so much text may be added, once the oldest versions of the blog are gone that must be."""
    most = limits_of(session).quota_text_bytes
    used = session.scalar(select(User.text_bytes).where(User.id == blog.owner_id)) or 0
    mine = (Version.owner_id == blog.owner_id, Version.blog_id == blog.id)
    for version in session.scalars(select(Version).where(*mine).order_by(Version.number)):
        if used + size <= most:
            break
        session.delete(version)
        used -= text_bytes(version.title, version.content, version.tags)
    return used + size <= most


def _keep(session: Session, version: Version, files: list[int]) -> None:
    session.add(version)
    session.flush()
    if files:
        session.execute(insert(FILES), [{"version_id": version.id, "attachment_id": file} for file in files])


def _next_number(session: Session, blog: Blog) -> int:
    mine = (Version.owner_id == blog.owner_id, Version.blog_id == blog.id)
    return (session.scalar(select(func.max(Version.number)).where(*mine)) or 0) + 1


def versions_of(session: Session, owner_id: int, blog_id: int, page: Page) -> tuple[Sequence[Any], int | None]:
    """A page of what the blog was, the latest first, without the texts; and after which number the next one begins."""
    mine = select(Version.number, Version.title, Version.written_at, Version.replaced_at).where(
        Version.owner_id == owner_id, Version.blog_id == blog_id, Version.number < (page.after or MAX_ID)
    )
    rows = session.execute(mine.order_by(Version.number.desc()).limit(page.limit + 1)).all()
    return rows[: page.limit], rows[page.limit - 1].number if len(rows) > page.limit else None


def version_of(session: Session, owner_id: int, blog_id: int, number: int) -> Version:
    """That version of that person's blog. Raises NotFound."""
    mine = (Version.owner_id == owner_id, Version.blog_id == blog_id, Version.number == number)
    found = session.scalar(select(Version).where(*mine))
    if found is None:
        raise NotFound(NO_SUCH_VERSION)
    return found


def binned_by(session: Session, owner_id: int, page: Page) -> tuple[Sequence[Any], int | None]:
    """A page of the blogs that the person has in the bin, the latest first; after which id the next one begins."""
    mine = select(Version.id, Version.blog_id, Version.title, Version.binned_at).where(
        Version.owner_id == owner_id, Version.binned_at.is_not(None), Version.id < (page.after or MAX_ID)
    )
    rows = session.execute(mine.order_by(Version.id.desc()).limit(page.limit + 1)).all()
    return rows[: page.limit], rows[page.limit - 1].id if len(rows) > page.limit else None


def binned(session: Session, owner_id: int, blog_id: int) -> Version:
    """The last version of a blog that the person has in the bin. Raises NotFound."""
    mine = (Version.owner_id == owner_id, Version.blog_id == blog_id, Version.binned_at.is_not(None))
    found = session.scalar(select(Version).where(*mine))
    if found is None:
        raise NotFound("There is no such blog in the bin.")
    return found


def unbin(session: Session, owner_id: int, blog_id: int) -> Blog:
    """The blog back out of the bin, with its files and its readers, under the id that it had. Raises NotFound."""
    last = binned(session, owner_id, blog_id)
    session.delete(last)
    blog = Blog(id=blog_id, owner_id=owner_id, title=last.title, created_at=last.created_at)
    kept = select(FILES.c.attachment_id).where(FILES.c.version_id == last.id)
    files = files_for_text(session, owner_id, blog_id, {*session.scalars(kept)})
    if last.html is None:
        blog.content = last.content
    else:
        blog.write(Text(last.content), files)
    blog.label(tags_of(last.tags))
    session.add(blog)
    session.flush()
    at_the_top = [file.id for file in files if file.id == last.attachment_id]
    attach(session, owner_id, blog_id, at_the_top[0] if at_the_top else None)
    place_in_text(session, owner_id, blog_id, [file for file in files if file.id not in at_the_top])
    session.add_all(Share(blog_id=blog_id, owner_id=owner_id, email=address) for address in from_json(last.shared_with))
    return blog


def purge(session: Session, owner_id: int, blog_id: int) -> None:
    """Forget a blog that is gone, with all that it ever was."""
    # As objects, whose bytes are then no longer counted.
    for version in session.scalars(select(Version).where(Version.owner_id == owner_id, Version.blog_id == blog_id)):
        session.delete(version)


def empty_bins(database: Database, now: datetime) -> int:
    """Forget what has been in anybody's bin for BIN_DAYS. Returns how many blogs that were.

    Safe at any time, and twice at once. Their files are left to a sweep.
    """
    old = select(Version).where(Version.binned_at < now - timedelta(days=BIN_DAYS))
    with database.read() as db:
        owners = db.scalars(old.with_only_columns(Version.owner_id).distinct()).all()
    count = 0
    for owner_id in owners:
        with database.write() as db:
            lock_user(db, owner_id)
            # Now that nobody can put one back meanwhile.
            for blog_id in db.scalars(old.with_only_columns(Version.blog_id).where(Version.owner_id == owner_id)).all():
                purge(db, owner_id, blog_id)
                count += 1
    return count
