"""Sessions: the cookie that the blog itself would have given, without a login."""

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app.auth.models import User
from app.auth.session import claimed_user, start_session
from app.db import Database
from tests.forge.session import SAME_ORIGIN, SessionCookie, SessionForge

__all__ = ["SAME_ORIGIN", "SessionCookie", "SessionFactory"]


def login(session: MutableMapping[str, Any], user: User, *, epoch: int | None = None) -> None:
    """What a login puts into the session."""
    start_session(session, user.id, user.session_epoch if epoch is None else epoch)


class SessionFactory(SessionForge):
    """`session_factory(user)` is a session of that user, filled by the app's own code and signed by its own signer."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, login, self.why)

    def holding(self, content: Any) -> SessionCookie:
        """A rightly signed cookie with any content: what a test of odd cookies needs."""
        interface = cast(Any, self.app.session_interface)
        serializer = cast(URLSafeTimedSerializer, interface.get_signing_serializer(self.app))
        return SessionCookie(interface.get_cookie_name(self.app), serializer.dumps(content))

    def why(self, session: Mapping[str, Any]) -> str | None:
        """Why the blog refuses a session that is rightly signed and was used lately, if it does."""
        claimed = claimed_user(dict(session))
        if claimed is None:
            return "age: it holds no user, or one whose login was too long ago."
        user_id, epoch = claimed
        database: Database = self.app.extensions["database"]
        with database.read() as db:
            user = db.get(User, user_id)
        if user is None:
            return f"no such user: nobody has the id {user_id}."
        if user.disabled:
            return f"disabled: the user {user_id} is."
        if user.session_epoch != epoch:
            return f"epoch: it has {epoch}, and its user {user.session_epoch}: it was logged out."
        return None
