"""Files that nobody will ask for: uploads that were never finished, files on no blog, objects without a row.

Safe at any time, and twice at once. A row goes first, in a transaction that looks once more at its state; its object
goes after that, when nobody can come to need it: a key is made once and never given out again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.attachments.files import SHARED_SUFFIX
from app.attachments.forms import PART_BYTES
from app.attachments.models import PENDING, READY, Attachment
from app.attachments.storage.store import Store
from app.auth.queries import hold
from app.db import Database

SMALL = timedelta(hours=1)
LARGE = timedelta(hours=24)
UNATTACHED = timedelta(hours=24)
UNKNOWN = timedelta(hours=24)
BATCH = 200
# A bucket may hold what is not ours.
OURS = re.compile(r"([0-9]+|doctor)/[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Swept:
    """Something that is not there any more, or, on a dry run, would not be."""

    key: str
    reason: str


def sweep(database: Database, store: Store, now: datetime, *, dry_run: bool) -> Iterator[Swept]:
    for attachment in _useless_rows(database, now, dry_run=dry_run):
        if not dry_run:
            _delete(store, attachment.key, attachment.upload_id)
        yield Swept(attachment.key, _reason(attachment))
    for key, upload_id in _unknown_objects(database, store, now - UNKNOWN):
        if not dry_run:
            _delete(store, key, upload_id)
        yield Swept(key, "parts that no row knows" if upload_id else "object that no row knows")


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
            hold(db, uploader_id)
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
            func.coalesce(Attachment.detached_at, Attachment.finished_at) < now - UNATTACHED,
        ),
    )


def _reason(attachment: Attachment) -> str:
    if attachment.refusal:
        return "refused"
    return "on no blog" if attachment.state == READY else "never finished"


def _unknown_objects(database: Database, store: Store, before: datetime) -> Iterator[tuple[str, str | None]]:
    # A row is made before its object: what the store lists and the database does not know has no row to come.
    found: list[tuple[str, str | None]] = [(each.key, None) for each in store.list("") if each.modified < before]
    found += [(each.key, each.upload_id) for each in store.list_multiparts("") if each.started < before]
    ours = [each for each in found if OURS.fullmatch(each[0])]
    for at in range(0, len(ours), BATCH):
        some = ours[at : at + BATCH]
        with database.read() as db:
            statement = select(Attachment.key).where(Attachment.key.in_([_original(key) for key, _ in some]))
            known = set(db.scalars(statement))
        yield from (each for each in some if _original(each[0]) not in known)


def _original(key: str) -> str:
    # A copy for readers has no row of its own, and stays as long as its original's.
    return key.removesuffix(SHARED_SUFFIX)


def _delete(store: Store, key: str, upload_id: Any) -> None:
    if upload_id:
        store.abort_multipart(key, upload_id)
    store.delete(key)
