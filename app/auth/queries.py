"""Reading and writing people."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth.models import User
from app.cache import next_version
from app.db import Database
from app.errors import LoginFailed

if TYPE_CHECKING:
    from app.auth.oidc import Identity

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
