"""Session cookies that no app may take, whatever it is. A project adds its own: logged out, deleted, disabled."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask

from .session import SessionCookie, SessionForge, Unsigned

Spoil = Callable[[SessionForge, Any], SessionCookie]


def _expired(forge: SessionForge, user: Any) -> SessionCookie:
    return forge(user, age=forge.app.permanent_session_lifetime + timedelta(minutes=1))


def _from_the_future(forge: SessionForge, user: Any) -> SessionCookie:
    if not forge.signs:
        raise Unsigned
    return forge(user, age=-timedelta(hours=1))


def _tampered(forge: SessionForge, user: Any) -> SessionCookie:
    cookie = forge(user)
    # The payload: a letter in the middle, since the last may carry bits that do not count.
    middle = len(cookie.value.rsplit(".", 2)[0]) // 2
    letter = "A" if cookie.value[middle] != "A" else "B"
    return SessionCookie(cookie.name, f"{cookie.value[:middle]}{letter}{cookie.value[middle + 1 :]}")


def _truncated(forge: SessionForge, user: Any) -> SessionCookie:
    cookie = forge(user)
    return SessionCookie(cookie.name, cookie.value[:-4])


def _with_a_wrong_salt(forge: SessionForge, user: Any) -> SessionCookie:
    return forge(user, salt="another salt")


def _with_a_wrong_key(forge: SessionForge, user: Any) -> SessionCookie:
    return forge(user, key=secrets.token_hex(32))


def _of_another_app(forge: SessionForge, user: Any) -> SessionCookie:
    other = Flask("another")
    other.secret_key = secrets.token_hex(32)
    cookie = SessionForge(other, lambda session, user: session.update(_user_id="1", user="1"))(user)
    return SessionCookie(forge(user).name, cookie.value)


REFUSED: dict[str, Spoil] = {
    "expired": _expired,
    "from the future": _from_the_future,
    "tampered": _tampered,
    "truncated": _truncated,
    "wrong salt": _with_a_wrong_salt,
    "wrong key": _with_a_wrong_key,
    "another app's": _of_another_app,
}
