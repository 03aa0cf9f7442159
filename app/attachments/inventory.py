"""What the store has and what the database knows, held against each other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.attachments.models import READY, Attachment
from app.db import Database
from app.images.server import SHARED_SUFFIX
from app.storage.store import Store

BATCH = 200
# A bucket may hold what is not ours.
OURS = re.compile(r"([0-9]+|doctor)/[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Stored:
    """An object, or with an `upload_id` the parts of one."""

    key: str
    since: datetime
    upload_id: str | None = None


def stored(store: Store, prefix: str = "") -> list[Stored]:
    """Everything in the store that looks like a file of the blog, below that prefix."""
    found = [Stored(each.key, each.modified) for each in store.list(prefix)]
    found += [Stored(each.key, each.started, each.upload_id) for each in store.list_multiparts(prefix)]
    return [each for each in found if OURS.fullmatch(each.key)]


def unknown(database: Database, found: Sequence[Stored]) -> Iterator[Stored]:
    """Those that have no row. A row is made before its object: they have none to come either."""
    for at in range(0, len(found), BATCH):
        some = found[at : at + BATCH]
        with database.read() as db:
            keys = [_original(each.key) for each in some]
            known = set(db.scalars(select(Attachment.key).where(Attachment.key.in_(keys))))
        yield from (each for each in some if _original(each.key) not in known)


def missing(database: Database, found: Sequence[Stored]) -> list[str]:
    """The keys of finished files that are not there."""
    there = {each.key for each in found if not each.upload_id}
    with database.read() as db:
        keys = db.scalars(select(Attachment.key).where(Attachment.state == READY).order_by(Attachment.id))
        return [key for key in keys if key not in there]


def _original(key: str) -> str:
    # A copy for readers has no row of its own, and stays as long as its original's.
    return key.removesuffix(SHARED_SUFFIX)
