"""Sessions: the cookie that the blog itself would have given, without a login."""

from dataclasses import dataclass
from typing import Any, cast

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app.auth.models import User
from app.auth.session import start_session

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class SessionCookie:
    name: str
    value: str

    @property
    def header(self) -> dict[str, str]:
        return {"Cookie": f"{self.name}={self.value}"}

    @property
    def browser_headers(self) -> dict[str, str]:
        """What a browser sends with a request of the blog's own pages."""
        return {**SAME_ORIGIN, **self.header}


class SessionFactory:
    """`session_factory(user)` is a session of that user.

    The app's own code fills it and the app's own signer signs it, so that it cannot drift from what a login gives.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, user: User) -> SessionCookie:
        content: dict[str, Any] = {}
        start_session(content, user.id, user.session_epoch)
        return self.holding(content)

    def holding(self, content: Any) -> SessionCookie:
        """A rightly signed cookie with any content: what a test of odd cookies needs."""
        interface = cast(Any, self._app.session_interface)
        serializer = cast(URLSafeTimedSerializer, interface.get_signing_serializer(self._app))
        return SessionCookie(interface.get_cookie_name(self._app), serializer.dumps(content))
