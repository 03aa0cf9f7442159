"""What the session cookie holds, and for how long it counts. Knows no web framework.

The cookie's mapping has the user's id (under Flask-Login's name), the user's session epoch, the time of the login, the
id of the login's record, and the logins begun and not finished. Every reader here takes any value for anything: a
cookie of an odd shape is nobody's.
"""

import re
import secrets
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

ABSOLUTE_SECONDS = 30 * 24 * 3600
LOGIN_SECONDS = 600
MAX_PENDING_LOGINS = 3
CLOCK_SKEW_SECONDS = 60

USER_ID, EPOCH, ISSUED_AT, RECORD, LOGINS = "_user_id", "epoch", "iat", "record", "logins"

_ROW_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Login:
    """A login on its way through the provider (OpenID Connect Core 3.1.2.1, RFC 7636)."""

    state: str
    nonce: str
    verifier: str
    next: str
    at: int


def start_session(session: MutableMapping[str, Any], user_id: int, epoch: int, record_id: int | None = None) -> None:
    """Make this a fresh session of that user, recorded under that id, if it is."""
    session.clear()
    session.update({USER_ID: str(user_id), EPOCH: epoch, ISSUED_AT: int(time.time())})
    if record_id:
        session[RECORD] = record_id


def record_of(session: Mapping[str, Any]) -> int | None:
    """The id under which this session was recorded, if it was."""
    record_id = session.get(RECORD)
    return record_id if _is_count(record_id) else None


def claimed_user(session: MutableMapping[str, Any]) -> tuple[int, int] | None:
    """The user's id and epoch that the cookie claims, unless its shape or age is wrong."""
    user_id, epoch, issued_at = session.get(USER_ID), session.get(EPOCH), session.get(ISSUED_AT)
    if not (isinstance(user_id, str) and _ROW_ID.fullmatch(user_id)):
        return None
    if not _is_count(epoch) or not _is_count(issued_at):
        return None
    age = time.time() - issued_at
    return (int(user_id), epoch) if -CLOCK_SKEW_SECONDS <= age < ABSOLUTE_SECONDS else None


def begin_login(session: MutableMapping[str, Any], next_path: str) -> Login:
    """Remember a new login; the oldest gives way so that the cookie stays small."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    login = Login(state, nonce, verifier, next_path, int(time.time()))
    pending = [*_pending(session), login][-MAX_PENDING_LOGINS:]
    session[LOGINS] = [asdict(each) for each in pending]
    return login


def pop_login(session: MutableMapping[str, Any], state: str) -> Login | None:
    """The login begun with that state, once and within ten minutes."""
    pending = _pending(session)
    session[LOGINS] = [asdict(login) for login in pending if login.state != state]
    return next((login for login in pending if login.state == state), None)


def _pending(session: MutableMapping[str, Any]) -> list[Login]:
    entries = session.get(LOGINS)
    logins = [_login(entry) for entry in entries] if isinstance(entries, list) else []
    return [login for login in logins if login and -CLOCK_SKEW_SECONDS <= time.time() - login.at < LOGIN_SECONDS]


def _login(entry: Any) -> Login | None:
    if not isinstance(entry, dict) or entry.keys() != {"state", "nonce", "verifier", "next", "at"}:
        return None
    texts = (entry[name] for name in ("state", "nonce", "verifier", "next"))
    return Login(**entry) if _is_count(entry["at"]) and all(isinstance(text, str) for text in texts) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**63
