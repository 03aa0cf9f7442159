"""Flask's own signed session cookie, made deaf to odd ones and renewed by use."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer

IDLE_LIFETIME = timedelta(days=7)
RENEW_AFTER_SECONDS = 3600


class Session(SecureCookieSession):
    """The cookie's mapping, and when it was signed (None: not yet)."""

    signed_at: datetime | None = None


class SessionCookie(SecureCookieSessionInterface):
    """The cookie of the session. Its idle lifetime begins anew when it is used, at most once an hour."""

    session_class = Session

    def open_session(self, app: Flask, request: Request) -> Session:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        serializer = cast(URLSafeTimedSerializer, self.get_signing_serializer(app))
        try:
            # Flask itself catches only a bad signature: a signed value of an odd shape would be a 500.
            content, signed_at = serializer.loads(
                cookie, max_age=int(app.permanent_session_lifetime.total_seconds()), return_timestamp=True
            )
        except BadData:
            return Session()
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            return Session()
        session = Session(content)
        session.signed_at = signed_at
        return session

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        return session.modified or (session.accessed and _age(session) > RENEW_AFTER_SECONDS)

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime:
        return datetime.now(UTC) + app.permanent_session_lifetime

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        super().save_session(app, session, response)
        if session.accessed:
            response.headers.setdefault("Cache-Control", "private, no-cache")


def _age(session: Any) -> float:
    return time.time() - session.signed_at.timestamp() if session.signed_at else 0


def init_app(app: Flask, *, production: bool) -> None:
    app.session_interface = SessionCookie()
    app.config.update(
        PERMANENT_SESSION_LIFETIME=IDLE_LIFETIME,
        SESSION_COOKIE_NAME="__Host-session" if production else "session",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
