"""Files that nobody will ask for: uploads that were never finished, files on no blog, objects without a row.

Safe at any time, and twice at once. A row goes first, in a transaction that looks once more at its state; its object
goes after that, when nobody can come to need it: a key is made once and never given out again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, column, func, or_, select, table

from app.attachments.inventory import Stored, stored, unknown
from app.attachments.models import PENDING, READY, Attachment
from app.auth.queries import lock_user
from app.db import Database
from app.storage.store import PART_BYTES, Store

SMALL = timedelta(hours=1)
LARGE = timedelta(hours=24)
UNATTACHED = timedelta(hours=24)
UNKNOWN = timedelta(hours=24)
BATCH = 200
# What a kept version of a text shows, which may be brought back, and what a draft does.
_KEPT = [table(name, column("attachment_id")) for name in ("version_files", "draft_files")]
# Unknown objects are what a process that was killed left behind, and so they are few.
FEW, FEW_OF_ALL = 20, 0.1


@dataclass(frozen=True)
class Swept:
    """Something that is not there any more, or, on a dry run, would not be."""

    key: str
    reason: str


class TooMuchUnknown(Exception):
    """The database knows so little of the store that it may be an old one, just restored."""

    def __init__(self, unknown: int, found: int) -> None:
        super().__init__(f"The database does not know {unknown:,} of the {found:,} files in the store.")


def sweep(
    database: Database, store: Store, now: datetime, *, dry_run: bool, all_unknown: bool = False
) -> Iterator[Swept]:
    """Take what is useless.

    Raises TooMuchUnknown, unless told to take `all_unknown`, before it takes any of those that no row knows.
    """
    for attachment in _useless_rows(database, now, dry_run=dry_run):
        if not dry_run:
            _delete(store, attachment.key, attachment.upload_id)
        yield Swept(attachment.key, _reason(attachment))
    for each in _unknown_objects(database, store, now - UNKNOWN, all_unknown=all_unknown or dry_run):
        if not dry_run:
            _delete(store, each.key, each.upload_id)
        yield Swept(each.key, "parts that no row knows" if each.upload_id else "object that no row knows")


def remove_files_of(store: Store, user_id: int) -> int:
    """Delete every object of a user whose row is gone, and tell how many. What arrives meanwhile is left to a sweep."""
    found = stored(store, f"{user_id}/")
    for each in found:
        _delete(store, each.key, each.upload_id)
    return len(found)


def _useless_rows(database: Database, now: datetime, *, dry_run: bool) -> Iterator[Attachment]:
    last = 0
    while found := _batch(database, now, last):
        yield from found if dry_run else _taken(database, now, found)
        last = found[-1].id


def _batch(database: Database, now: datetime, after: int) -> list[Attachment]:
    statement = select(Attachment).where(_useless(now), Attachment.id > after).order_by(Attachment.id).limit(BATCH)
    with database.read() as db:
        return list(db.scalars(statement))


def _taken(database: Database, now: datetime, found: list[Attachment]) -> list[Attachment]:
    """Those that are useless still, now that nobody can be attaching or finishing them; their rows are gone."""
    with database.write() as db:
        # In order, so that two sweeps cannot wait for each other.
        for uploader_id in sorted({each.uploader_id for each in found}):
            lock_user(db, uploader_id)
        statement = select(Attachment).where(_useless(now), Attachment.id.in_([each.id for each in found]))
        rows = list(db.scalars(statement))
        for row in rows:
            db.delete(row)
    return rows


def _useless(now: datetime) -> ColumnElement[bool]:
    small = and_(Attachment.size <= PART_BYTES, ~Attachment.sha256.contains("-"))
    return or_(
        # Those that were refused wait as long: until no address is left by which they could be sent again.
        and_(Attachment.state == PENDING, small, Attachment.created_at < now - SMALL),
        and_(Attachment.state == PENDING, ~small, Attachment.created_at < now - LARGE),
        and_(
            Attachment.state == READY,
            Attachment.blog_id.is_(None),
            *(~select(kept.c.attachment_id).where(kept.c.attachment_id == Attachment.id).exists() for kept in _KEPT),
            func.coalesce(Attachment.detached_at, Attachment.finished_at) < now - UNATTACHED,
        ),
    )


def _reason(attachment: Attachment) -> str:
    if attachment.refusal:
        return "refused"
    return "on no blog" if attachment.state == READY else "never finished"


def _unknown_objects(database: Database, store: Store, before: datetime, *, all_unknown: bool) -> list[Stored]:
    found = stored(store)
    useless = [each for each in unknown(database, found) if each.since < before]
    if len(useless) > max(FEW, len(found) * FEW_OF_ALL) and not all_unknown:
        raise TooMuchUnknown(len(useless), len(found))
    return useless


def _delete(store: Store, key: str, upload_id: Any) -> None:
    if upload_id:
        store.abort_multipart(key, upload_id)
    store.delete(key)
