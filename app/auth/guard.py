"""Who is asking, and how often: the cookie's claim, held against the user's row, once a request.

Strangers get no further, nor does whoever asks too often.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import flask_login
from flask import Flask, Request, current_app, g, request, session
from flask_login import LoginManager, UserMixin

from app.auth.addresses import comparable
from app.auth.queries import user_with_session
from app.auth.session import ISSUED_AT, claimed_user, start_session
from app.cache import Scope
from app.current import database
from app.errors import LoginRequired
from app.log import note
from app.web.limits import Limiter
from app.web.marks import is_public

# Names of sessions that are remembered, about 1 MB of them.
KEPT_TAGS = 8192


@dataclass(frozen=True)
class Visitor(UserMixin):
    """Somebody logged in, as their row said at the beginning of this request; `scope` is what they own, by then."""

    id: int
    name: str
    email: str | None
    email_verified: bool
    scope: Scope

    @property
    def verified_email(self) -> str | None:
        """The address that they are known to read, as addresses are compared."""
        return comparable(self.email) if self.email and self.email_verified else None


class SessionLogin(LoginManager):
    """Flask-Login by the session alone.

    Its remember cookie never expires, and reading a garbage one is a 500. Its protection guesses by address and
    browser who has taken a cookie along; ours is the session's epoch.
    """

    def init_app(self, app: Flask, add_context_processor: bool = False) -> None:
        app.login_manager = self  # type: ignore[attr-defined]
        self.session_tag = _session_tags(str(app.secret_key))

    def _load_user(self) -> None:
        g.visitor = self._visitor()
        self._update_request_context_with_user(g.visitor)

    def _visitor(self) -> Visitor | None:
        claim = claimed_user(cookie := _itself(session))
        if claim is None:
            return None
        tag = self.session_tag(*claim, cookie[ISSUED_AT])
        row: Any = user_with_session(database(), *claim)
        if row is None:
            # An ended session that is still used is told by its tag.
            note(session=tag)
            return None
        note(user=row.id, session=tag)
        return Visitor(row.id, row.name, row.email, row.email_verified, Scope("users", row.id, row.cache_version))


def init_app(app: Flask, limiter: Limiter) -> None:
    SessionLogin().init_app(app)

    @app.before_request
    def refuse_strangers() -> None:
        asked: Request = _itself(request)
        view = app.view_functions.get(asked.endpoint or "")
        kind = limiter.count(asked, view)
        if not view or is_public(view):
            return
        visitor = current_user_or_none()
        if visitor is None:
            raise LoginRequired("You must log in!")
        limiter.count_for(visitor.id, kind)

    app.context_processor(lambda: {"visitor": None if "without_visitor" in g else current_user_or_none()})


def current_user_or_none() -> Visitor | None:
    """Whoever is logged in."""
    user = _itself(flask_login.current_user)
    return user if isinstance(user, Visitor) else None


def current_user() -> Visitor:
    """Whoever is logged in, in a view that nobody else reaches."""
    visitor: Visitor = g.visitor
    return visitor


def log_in(user_id: int, epoch: int, record_id: int) -> None:
    """Make this browser's session a fresh one of that user, recorded under that id."""
    start_session(session, user_id, epoch, record_id)
    tag = current_app.login_manager.session_tag  # type: ignore[attr-defined]
    note(user=user_id, session=tag(user_id, epoch, session[ISSUED_AT]))


def _session_tags(secret: str) -> Callable[[int, int, int], str]:
    """Names for sessions in the log: always the same for one, and of no use to whoever reads it there."""
    key = blake2b(secret.encode(), person=b"session tags").digest()

    @lru_cache(KEPT_TAGS)
    def tag(user_id: int, epoch: int, issued_at: int) -> str:
        return blake2b(f"{user_id} {epoch} {issued_at}".encode(), key=key, digest_size=6).hexdigest()

    return tag


def _itself(proxy: Any) -> Any:
    """What a proxy stands for, so that it is not looked up again for each attribute."""
    return proxy._get_current_object()  # noqa: SLF001  public by Werkzeug's documentation
