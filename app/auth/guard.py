"""Who is asking: the cookie's claim, held against the user's row, once a request; strangers get no further."""

from dataclasses import dataclass
from typing import Any, cast

import flask_login
from flask import Flask, Response, current_app, g, request, session
from flask_login import LoginManager, UserMixin

from app.auth.addresses import comparable
from app.auth.queries import user_with_session
from app.auth.session import claimed_user
from app.cache import Scope
from app.current import database
from app.errors import LoginRequired
from app.web.marks import is_public


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


class SessionOnlyLogin(LoginManager):
    """Flask-Login without its remember cookie: it never expires, and reading a garbage one is a 500."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        return None

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def init_app(app: Flask) -> None:
    manager = SessionOnlyLogin()
    manager.session_protection = None
    manager.user_loader(_visitor)
    manager.init_app(app, add_context_processor=False)
    app.before_request(_refuse_strangers)
    app.context_processor(lambda: {"visitor": None if "without_visitor" in g else current_user_or_none()})


def current_user_or_none() -> Visitor | None:
    """Whoever is logged in."""
    user = flask_login.current_user
    return cast(Visitor, user) if user.is_authenticated else None


def current_user() -> Visitor:
    """Whoever is logged in, in a view that nobody else reaches."""
    return cast(Visitor, flask_login.current_user)


def _visitor(_user_id: str) -> Visitor | None:
    claim = claimed_user(session)
    row: Any = claim and user_with_session(database(), *claim)
    if not row:
        return None
    return Visitor(row.id, row.name, row.email, row.email_verified, Scope("users", row.id, row.cache_version))


def _refuse_strangers() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view and request.endpoint != "static" and not is_public(view) and current_user_or_none() is None:
        raise LoginRequired("You must log in!")
