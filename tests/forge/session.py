"""Sessions without a login: made by the app's own session interface, so that they cannot drift from a login's."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

import time_machine
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from werkzeug.http import parse_cookie
from werkzeug.test import EnvironBuilder

if TYPE_CHECKING:
    from playwright.sync_api import StorageStateCookie

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
NOW = timedelta(0)
MOST_MINTED = 100


class Unsigned(Exception):
    """The app signs no cookies: it keeps its sessions on its server."""


@dataclass(frozen=True)
class SessionCookie:
    name: str
    # Whoever reads it in a log is logged in.
    value: str = field(repr=False)

    @property
    def header(self) -> dict[str, str]:
        return {"Cookie": f"{self.name}={self.value}"}

    def at(self, url: str) -> "StorageStateCookie":
        """As Playwright's storage state has it, for the site at that URL."""
        parts = urlsplit(url)
        return {
            "name": self.name,
            "value": self.value,
            "domain": str(parts.hostname),
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": parts.scheme == "https",
            "sameSite": "Lax",
        }

    @property
    def browser_headers(self) -> dict[str, str]:
        """What a browser sends with a request of the site's own pages."""
        return {**SAME_ORIGIN, **self.header}


class SessionForge:
    """`forge(user)` is a session of that user, as a login would have given it.

    `login(session, user, **claims)` fills it. `why(session)` says why the app refuses one that is rightly signed.
    """

    def __init__(
        self,
        app: Flask,
        login: Callable[..., object],
        why: Callable[[Mapping[str, Any]], str | None] = lambda session: None,
    ) -> None:
        self.app = app
        self._login = login
        self._why = why
        # For whoever keeps what a test leaves: they log in.
        self.minted: deque[str] = deque(maxlen=MOST_MINTED)

    def __call__(
        self, user: Any, *, age: timedelta = NOW, key: str | None = None, salt: str | None = None, **claims: Any
    ) -> SessionCookie:
        """A session made `age` ago, signed with another key or salt than the app's; claims are the login's."""
        with self._as_if(age, key, salt):
            return self._saved(lambda session: self._login(session, user, **claims))

    @property
    def signs(self) -> bool:
        """Whether the app's cookies hold the session themselves, signed, and say when that was."""
        return self._serializer() is not None

    def explain(self, cookie: SessionCookie) -> str:
        """Why the app refuses that cookie, in a sentence that begins with what is wrong with it."""
        serializer = self._serializer()
        if serializer is None:
            return "The app keeps its sessions on its server, and only it knows why."
        if cookie.name != self._cookie_name():
            return f"name: the app's cookie is called {self._cookie_name()}, not {cookie.name}."
        lifetime = self.app.permanent_session_lifetime
        try:
            content = serializer.loads(cookie.value, max_age=int(lifetime.total_seconds()))
        except SignatureExpired as error:
            return _wrong_age(error.date_signed, lifetime)
        except BadSignature:
            return self._wrong_signature(cookie.value)
        why = self._why(content) if isinstance(content, dict) else "content: it holds no mapping."
        return why or "By this suite's app it counts: its key, salt or users are not those of the site under test."

    @contextmanager
    def _as_if(self, age: timedelta, key: str | None, salt: str | None) -> Iterator[None]:
        if not self.signs and (key is not None or salt is not None):
            raise Unsigned
        with ExitStack() as stack:
            if key is not None:
                config: dict[str, Any] = {"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": None}
                stack.enter_context(patch.dict(self.app.config, config))
            if salt is not None:
                stack.enter_context(patch.object(self.app.session_interface, "salt", salt))
            if age:
                stack.enter_context(time_machine.travel(-age))
            yield

    def _saved(self, fill: Callable[[Any], object]) -> SessionCookie:
        interface, response = self.app.session_interface, self.app.response_class()
        with self.app.app_context():
            request = self.app.request_class(EnvironBuilder().get_environ())
            session = interface.open_session(self.app, request)
            if session is None:
                raise LookupError("The app has no SECRET_KEY: nothing can be signed")
            fill(session)
            interface.save_session(self.app, session, response)
        for header in response.headers.getlist("Set-Cookie"):
            if value := parse_cookie(header.partition(";")[0]).get(self._cookie_name()):
                self.minted.append(value)
                return SessionCookie(self._cookie_name(), value)
        raise LookupError("The login put nothing into the session: the app sets no cookie")

    def _cookie_name(self) -> str:
        # Not every session interface has a word for it.
        named: Any = getattr(self.app.session_interface, "get_cookie_name", None)
        return str(named(self.app) if named else self.app.config["SESSION_COOKIE_NAME"])

    def _serializer(self) -> URLSafeTimedSerializer | None:
        # A session interface that keeps its sessions elsewhere has none.
        make: Any = getattr(self.app.session_interface, "get_signing_serializer", lambda app: None)
        serializer: URLSafeTimedSerializer | None = make(self.app)
        return serializer

    def _wrong_signature(self, value: str) -> str:
        if self._is_signed_with(usual := SecureCookieSessionInterface.salt, value):
            return f"salt: the app's own key signed it, with the salt {usual!r} for {self._salt()!r}."
        if value.count(".") < 2:
            return "shape: it is not a signed value."
        return "key: none of the app's keys signed it with the app's salt, or it was changed since."

    def _is_signed_with(self, salt: str, value: str) -> bool:
        with self._as_if(NOW, None, salt):
            serializer = self._serializer()
        return serializer is not None and serializer.loads_unsafe(value)[0]

    def _salt(self) -> str:
        return str(getattr(self.app.session_interface, "salt", ""))


def _wrong_age(signed: datetime | None, lifetime: timedelta) -> str:
    if signed is None:
        return "age: it does not say when it was signed."
    age = datetime.now(UTC) - signed
    if age < NOW:
        return f"age: it was signed {_in_words(-age)} from now."
    return f"age: it was signed {_in_words(age)} ago, and counts for {_in_words(lifetime)}."


def _in_words(span: timedelta) -> str:
    for unit in ("days", "hours", "minutes"):
        if count := span // timedelta(**{unit: 1}):
            return f"{count} {unit if count > 1 else unit[:-1]}"
    return f"{span.seconds} seconds"
