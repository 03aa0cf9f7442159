"""Flask's own signed session cookie, made deaf to odd ones and renewed by use."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.sansio.http import parse_cookie

IDLE_LIFETIME = timedelta(days=7)
RENEW_AFTER_SECONDS = 3600
# What is remembered of cookies stays below 10 MB. A longer one holds logins on their way besides the session.
KEPT, KEPT_LENGTH = 8192, 256

PLAIN = (str, int, float, bool, type(None))


class Opened(NamedTuple):
    """What a rightly signed cookie holds, nothing if it is no mapping of names, and when it was signed (Unix time)."""

    content: dict[str, Any]
    signed_at: float

    @property
    def may_be_kept(self) -> bool:
        """Whether nothing in it can be changed by whoever it is handed to."""
        return all(isinstance(value, PLAIN) for value in self.content.values())


class Session(SecureCookieSession):
    """The cookie's mapping, and when it was signed, in seconds since the epoch (0: not yet)."""

    signed_at: float = 0


class SessionCookie(SecureCookieSessionInterface):
    """The cookie of the session. Its idle lifetime begins anew when it is used, at most once an hour."""

    session_class = Session

    def __init__(self, app: Flask) -> None:
        serializer = cast(URLSafeTimedSerializer, self.get_signing_serializer(app))
        self._name = self.get_cookie_name(app)
        self._lifetime = app.permanent_session_lifetime.total_seconds()

        def opened(cookie: str) -> Opened:
            content, signed_at = serializer.loads(cookie, return_timestamp=True)
            if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
                content = {}
            return Opened(content, signed_at.timestamp())

        @lru_cache(KEPT)
        def kept(cookie: str) -> Opened | None:
            found = opened(cookie)
            return found if found.may_be_kept else None

        self._opened, self._kept = opened, kept

    def open_session(self, app: Flask, request: Request) -> Session:
        # `request.cookies` would go over every header for it.
        cookie = parse_cookie(request.environ.get("HTTP_COOKIE")).get(self._name, "")
        if not cookie:
            return Session()
        try:
            # A signature that is right stays right, so it is checked once. The age is looked at each time.
            content, signed_at = (len(cookie) <= KEPT_LENGTH and self._kept(cookie)) or self._opened(cookie)
        except BadData:
            # Flask itself catches only a bad signature: a signed value of an odd shape would be a 500.
            return Session()
        if not 0 <= int(time.time()) - signed_at <= self._lifetime:
            return Session()
        session = Session(content)
        session.signed_at = signed_at
        return session

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        return session.modified or (session.accessed and _age(session) > RENEW_AFTER_SECONDS)

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime:
        return datetime.now(UTC) + app.permanent_session_lifetime

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if self.should_set_cookie(app, session):
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")


def _age(session: Any) -> float:
    return time.time() - session.signed_at if session.signed_at else 0


def init_app(app: Flask, *, production: bool) -> None:
    app.config.update(
        PERMANENT_SESSION_LIFETIME=IDLE_LIFETIME,
        SESSION_COOKIE_NAME="__Host-session" if production else "session",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = SessionCookie(app)
