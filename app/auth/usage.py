"""How much each person has, counted in their row by every write, and capped in the transaction that writes.

A count moves by what is written, so a write costs the same however much there is. What is out of sight of the session
(SQL given as text, a restore of some tables alone) is not counted: `flask usage recount` counts everything anew.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, event, inspect, select, update
from sqlalchemy.orm import Session, object_session, sessionmaker
from typing_extensions import TypedDict

from app.auth.models import User
from app.db import Database
from app.errors import OverQuota
from app.limit_settings import GIGABYTE, MEGABYTE, Limits

QUOTAS, CHANGES = "inkwell_quotas", "inkwell_usage"


class Quota(NamedTuple):
    """One of the things that are counted: its column, its cap among the settings, and what to say at the cap."""

    column: Any
    setting: str
    sentence: str
    is_bytes: bool = False

    def shown(self, number: int) -> str:
        return _size(number) if self.is_bytes else f"{number:,}"


COUNTED = {
    "blogs": Quota(
        User.blog_count,
        "quota_blogs",
        "You have {used} of {most} blogs. Delete some that you do not need, then save this one again.",
    ),
    "text_bytes": Quota(
        User.text_bytes,
        "quota_text_bytes",
        "Your texts take {used} of {most}, and this would be {more} more. "
        "Shorten it, or delete blogs that you do not need.",
        is_bytes=True,
    ),
    "file_bytes": Quota(
        User.file_bytes,
        "quota_file_bytes",
        "Your files take {used} of {most}, and this one has {more}. "
        "Delete blogs whose files you do not need: a day later their place is free.",
        is_bytes=True,
    ),
    "pending_uploads": Quota(
        User.pending_uploads,
        "quota_pending_uploads",
        "You have {used} of {most} uploads that are not finished. Finish them, or come back tomorrow.",
    ),
}
_USED = select(*(quota.column for quota in COUNTED.values())).where(User.id == bindparam("user_id"))


def counted(model: type[Any], owner: str, **amounts: Callable[[Any], int]) -> None:
    """From now on each row of that model counts for the person that its column `owner` names.

    `amounts` says how much of what, asked of a row as it is and as it was: it may use columns alone, and those must
    have `active_history`.
    """

    def note(target: Any, before: Any, after: Any) -> None:
        session = object_session(target)
        if session is None:
            return
        changes = session.info.setdefault(CHANGES, {}).setdefault(getattr(target, owner), {})
        for name, amount in amounts.items():
            change = (amount(after) if after else 0) - (amount(before) if before else 0)
            changes[name] = changes.get(name, 0) + change

    event.listen(model, "before_insert", lambda _mapper, _connection, target: note(target, None, target))
    event.listen(model, "before_update", lambda _mapper, _connection, target: note(target, _Before(target), target))
    event.listen(model, "before_delete", lambda _mapper, _connection, target: note(target, _Before(target), None))


def text_bytes(*texts: str | None) -> int:
    """How much of what a person may write those texts are; a column that was not set yet is none."""
    return sum(len(text.encode()) for text in texts if text)


def cap(sessions: sessionmaker[Session], limits: Limits) -> None:
    """Refuse what would be over these limits in each of those sessions, by OverQuota."""
    sessions.configure(info={QUOTAS: limits})


def limits_of(session: Session) -> Limits:
    found: Limits = session.info.get(QUOTAS) or Limits()
    return found


class Use(TypedDict):
    """How much of something somebody has, of what they may have; `shown` says both in words."""

    used: int
    limit: int
    shown: str


Usage = dict[str, Use]


def usage_of(database: Database, user_id: int, limits: Limits) -> Usage:
    """For each thing that is counted: `used` and `limit` as numbers, and `shown`, both in words."""
    [row] = database.rows(_USED, {"user_id": user_id})
    return {name: _use(quota, used, limits) for (name, quota), used in zip(COUNTED.items(), row, strict=True)}


def _use(quota: Quota, used: int, limits: Limits) -> Use:
    most: int = getattr(limits, quota.setting)
    return {"used": used, "limit": most, "shown": f"{quota.shown(used)} of {quota.shown(most)}"}


class _Before:
    """An object, as its row is until the flush."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        history = inspect(self._target).attrs[name].history
        return history.deleted[0] if history.deleted else getattr(self._target, name)


@event.listens_for(Session, "after_flush")
def _move_counts(session: Session, _context: object) -> None:
    # In order, so that two transactions that touch the same people cannot wait for each other.
    for user_id, changes in sorted(session.info.pop(CHANGES, {}).items()):
        moved = {name: change for name, change in changes.items() if change}
        if moved:
            _move(session.connection(), limits_of(session), user_id, moved)


@event.listens_for(Session, "after_soft_rollback")
def _forget_changes(session: Session, _transaction: object) -> None:
    session.info.pop(CHANGES, None)


def _move(connection: Connection, limits: Limits, user_id: int, moved: dict[str, int]) -> None:
    columns = {name: COUNTED[name].column for name in moved}
    values = {column: column + moved[name] for name, column in columns.items()}
    # The row is locked from here on: what it says is true until the commit.
    found = connection.execute(update(User).where(User.id == user_id).values(values).returning(*columns.values()))
    for name, after in zip(moved, found.one(), strict=True):
        quota, more = COUNTED[name], moved[name]
        most = getattr(limits, quota.setting)
        if more > 0 and after > most:
            told = {"used": after - more, "most": most, "more": more}
            raise OverQuota(name, quota.sentence.format(**{key: quota.shown(value) for key, value in told.items()}))


def _size(number: int) -> str:
    for unit, size in (("GB", GIGABYTE), ("MB", MEGABYTE), ("kB", 1024)):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{number} bytes"
