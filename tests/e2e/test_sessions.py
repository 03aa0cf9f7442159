"""Session cookies that must log nobody in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from app.auth.models import User
from app.auth.queries import end_sessions
from app.auth.session import start_session
from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.e2e.custom_page import CustomPage
from tests.factories.session import SessionCookie, SessionFactory
from tests.factories.user import UserFactory

Spoil = Callable[..., SessionCookie]


def forged(user: User, sessions: SessionFactory, **_: object) -> SessionCookie:
    name = sessions(user).name
    return SessionCookie(name, "eyJfdXNlcl9pZCI6IjEiLCJlcG9jaCI6MX0.aSDz3A.bm90LWEtc2lnbmF0dXJl")


def altered(user: User, sessions: SessionFactory, **_: object) -> SessionCookie:
    cookie = sessions(user)
    # A payload that is compressed begins with a dot.
    payload, stamp, signature = cookie.value.rsplit(".", 2)
    return SessionCookie(cookie.name, f"{payload[:-4]}{payload[-4:].swapcase()}.{stamp}.{signature}")


def signed_with_another_key(user: User, settings: Settings, **_: object) -> SessionCookie:
    another = settings.model_copy(update={"secret_key": settings.secret_key[::-1]})
    return SessionFactory(create_app(another))(user)


def idle_for_eight_days(user: User, sessions: SessionFactory, **_: object) -> SessionCookie:
    with time_machine.travel(timedelta(days=-8)):
        return sessions(user)


def of_a_login_a_month_ago(user: User, sessions: SessionFactory, **_: object) -> SessionCookie:
    with time_machine.travel(timedelta(days=-31)):
        content: dict[str, object] = {}
        start_session(content, user.id, user.session_epoch)
    return sessions.holding(content)


def copied_before_logging_out(user: User, sessions: SessionFactory, database: Database, **_: object) -> SessionCookie:
    cookie = sessions(user)
    with database.write() as db:
        end_sessions(db, user.id)
    return cookie


def of_a_deleted_user(user: User, sessions: SessionFactory, database: Database, **_: object) -> SessionCookie:
    cookie = sessions(user)
    with database.write() as db:
        db.delete(user)
    return cookie


def of_a_disabled_user(user: User, sessions: SessionFactory, users: UserFactory, **_: object) -> SessionCookie:
    return sessions(users(disabled=True))


@pytest.mark.parametrize(
    "spoil",
    [
        forged,
        altered,
        signed_with_another_key,
        idle_for_eight_days,
        of_a_login_a_month_ago,
        copied_before_logging_out,
        of_a_deleted_user,
        of_a_disabled_user,
    ],
)
class TestASessionCookieThatIs:
    @pytest.fixture(autouse=True)
    def carried(
        self,
        spoil: Spoil,
        page: CustomPage,
        settings: Settings,
        database: Database,
        user_factory: UserFactory,
        session_factory: SessionFactory,
    ) -> None:
        given = {"sessions": session_factory, "users": user_factory, "database": database, "settings": settings}
        page.set_session_cookie(spoil(user_factory(), **given))
        page.goto("/")

    def test_logs_nobody_in(self, page: CustomPage) -> None:
        expect(page.get_by_role("link", name="Login With Google")).to_be_visible()

    def test_opens_no_blogs(self, page: CustomPage) -> None:
        assert page.get("/api/blogs") == {"error": "You must log in!"}


class TestACopyOfACookie:
    @pytest.fixture(autouse=True)
    def logged_out(self, page: CustomPage) -> None:
        page.login()
        self.copy = page.context.cookies()
        page.get_by_role("link", name="Logout").click()
        expect(page.get_by_role("link", name="Login With Google")).to_be_visible()

    def test_is_refused_by_every_worker(self, page: CustomPage) -> None:
        page.context.add_cookies(self.copy)  # type: ignore[arg-type]  # what cookies() gives, add_cookies() takes
        answers = page.exec_requests([{"method": "get", "path": "/api/current_user"}] * 20)
        assert answers == [None] * 20
