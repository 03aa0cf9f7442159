"""Session cookies that must log nobody in."""

from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from app.auth.models import User
from app.auth.queries import end_sessions
from app.auth.session import start_session
from app.db import Database
from tests.e2e.custom_page import CustomPage
from tests.factories.session import SessionCookie, SessionFactory
from tests.factories.user import UserFactory
from tests.forge.fixtures import Clock
from tests.forge.refusals import REFUSED, Spoil


def of_a_login_a_month_ago(sessions: SessionFactory, user: User) -> SessionCookie:
    with time_machine.travel(timedelta(days=-31)):
        content: dict[str, object] = {}
        start_session(content, user.id, user.session_epoch)
    return sessions.holding(content)


def copied_before_logging_out(sessions: SessionFactory, user: User) -> SessionCookie:
    cookie = sessions(user)
    with database_of(sessions).write() as db:
        end_sessions(db, user.id)
    return cookie


def of_a_deleted_user(sessions: SessionFactory, user: User) -> SessionCookie:
    cookie = sessions(user)
    with database_of(sessions).write() as db:
        db.delete(user)
    return cookie


def of_a_disabled_user(sessions: SessionFactory, user: User) -> SessionCookie:
    with database_of(sessions).write() as db:
        db.merge(user).disabled = True
    return sessions(user)


def database_of(sessions: SessionFactory) -> Database:
    database: Database = sessions.app.extensions["database"]
    return database


# The blog counts a cookie's age from its last use.
SPOILT = {
    **{"idle for too long" if name == "expired" else name: spoil for name, spoil in REFUSED.items()},
    "of a login a month ago": of_a_login_a_month_ago,
    "copied before logging out": copied_before_logging_out,
    "of a deleted user": of_a_deleted_user,
    "of a disabled user": of_a_disabled_user,
}


@pytest.mark.looks
@pytest.mark.parametrize("spoil", [*SPOILT.values()], ids=[*SPOILT])
class TestASessionCookieThatIs:
    @pytest.fixture(autouse=True)
    def carried(
        self, spoil: Spoil, page: CustomPage, user_factory: UserFactory, session_factory: SessionFactory
    ) -> None:
        page.set_session_cookie(spoil(session_factory, user_factory()))
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


class TestASessionOfEightDaysAgo:
    @pytest.fixture(autouse=True)
    def logged_in_long_ago(self, page: CustomPage, clock: Clock) -> None:
        page.login()
        clock.forward(days=8)
        page.goto("/")

    def test_has_ended(self, page: CustomPage) -> None:
        expect(page.get_by_role("link", name="Login With Google")).to_be_visible()


class TestASessionThatIsUsedEveryFewDays:
    @pytest.fixture(autouse=True)
    def used(self, page: CustomPage, clock: Clock) -> None:
        page.login()
        for days in (5, 10):
            clock.forward(days=days)
            page.goto("/blogs")

    def test_lives_on(self, page: CustomPage) -> None:
        expect(page.get_by_role("link", name="Logout")).to_be_visible()
