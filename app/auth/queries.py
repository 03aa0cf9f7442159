"""Reading and writing people."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth.models import ADDRESS_LENGTH, OpenSession, User
from app.auth.session import ABSOLUTE_SECONDS
from app.cache import next_version
from app.db import Database
from app.errors import LoginFailed

if TYPE_CHECKING:
    from app.auth.oidc import Identity

MAX_SESSIONS = 50
SWEPT_AT_A_LOGIN = 1000

# Built once: this is the statement that every request of a logged-in person runs.
_WITH_SESSION = select(User.id, User.name, User.email, User.email_verified, User.cache_version).where(
    User.id == bindparam("user_id"),
    User.session_epoch == bindparam("epoch"),
    User.disabled.is_(False),
)


def user_with_session(database: Database, user_id: int, epoch: int) -> Any:
    """The id, name, email, email_verified and cache_version of that session's user, or None if it was ended."""
    found = database.rows(_WITH_SESSION, {"user_id": user_id, "epoch": epoch})
    return found[0] if found else None


def find_or_create_user(session: Session, identity: "Identity") -> User:
    """The user of that identity, made at the first login, with what the provider now says.

    The name is the provider's until the user has chosen one.

    Raises LoginFailed for a disabled user.
    """
    user = session.scalar(_of_identity(identity)) or _make(session, identity)
    if user.disabled:
        raise LoginFailed("This account is closed.")
    user.email, user.email_verified = identity.email, identity.email_verified
    if not user.chose_name:
        user.name = identity.name
    return user


def rename(session: Session, user_id: int, name: str) -> None:
    """Show that user by that name, whatever later logins bring."""
    session.execute(update(User).where(User.id == user_id).values(name=name, chose_name=True))


def lock_user(session: Session, user_id: int) -> None:
    """Let others who write for that user wait until this transaction ends.

    Every write to what a user owns ends by moving the user's cache version, and so in locking this row. Locking it
    first, before the rows it owns, keeps two writers from waiting for each other. (On SQLite there is one at a time.)
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def end_sessions(session: Session, user_id: int) -> None:
    """Make every cookie of that user, and every copy of one, worthless."""
    session.execute(update(User).where(User.id == user_id).values(session_epoch=next_version(User.session_epoch)))
    session.execute(delete(OpenSession).where(OpenSession.user_id == user_id))


def record_session(
    session: Session, user: User, *, address: str, browser: str, replaced: int | None = None
) -> OpenSession:
    """The record of a login that was just made; `replaced` is that of the session which its browser had.

    Those of sessions that are over go, anybody's, and a user's oldest where there are more than MAX_SESSIONS.
    """
    opened = OpenSession(user_id=user.id, epoch=user.session_epoch, address=address[:ADDRESS_LENGTH], browser=browser)
    session.add(opened)
    session.flush()
    own = OpenSession.user_id == user.id
    latest = select(OpenSession.id).where(own).order_by(OpenSession.id.desc()).limit(MAX_SESSIONS)
    # Two logins at once do not wait for each other.
    over = select(OpenSession.id).where(OpenSession.opened_at < _oldest()).with_for_update(skip_locked=True)
    session.execute(delete(OpenSession).where(OpenSession.id == replaced))
    session.execute(delete(OpenSession).where(own, OpenSession.id.not_in(latest)))
    session.execute(delete(OpenSession).where(OpenSession.id.in_(over.limit(SWEPT_AT_A_LOGIN))))
    return opened


def open_sessions(session: Session, user_id: int) -> Sequence[OpenSession]:
    """The logins of that user whose sessions were not ended, the latest first, MAX_SESSIONS at most.

    Which of them was not used for too long since, their browsers alone know.
    """
    statement = select(OpenSession).join(User, User.id == OpenSession.user_id)
    own = statement.where(User.id == user_id, OpenSession.epoch == User.session_epoch)
    return session.scalars(own.where(OpenSession.opened_at >= _oldest()).order_by(OpenSession.id.desc())).all()


def _oldest() -> datetime:
    """When the sessions began that are over by now."""
    return datetime.now(UTC) - timedelta(seconds=ABSOLUTE_SECONDS)


def _of_identity(identity: "Identity") -> Select[User]:
    return select(User).where(User.issuer == identity.issuer, User.subject == identity.subject)


def _make(session: Session, identity: "Identity") -> User:
    user = User(issuer=identity.issuer, subject=identity.subject, name=identity.name)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        # Two first logins at once: the unique constraint let the other one make the row.
        return session.scalars(_of_identity(identity)).one()
    return user
