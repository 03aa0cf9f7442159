"""Logins whose sessions may be open, as their person sees them."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.auth.browsers import in_words
from app.auth.models import ADDRESS_LENGTH, OpenSession, User
from app.auth.queries import MAX_SESSIONS, end_sessions, open_sessions, record_session
from app.auth.session_cookie import KEPT_LENGTH
from app.db import MAX_ID, Database
from tests.conftest import NewApp
from tests.factories.user import UserFactory
from tests.unit.auth.stub_provider import StubProvider
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"

LogIn = Callable[..., FlaskClient]


def record(database: Database, user: User, count: int = 1) -> list[int]:
    with database.write() as db:
        return [record_session(db, user, address="192.0.2.1", browser="Firefox").id for _ in range(count)]


def listed(database: Database, user: User) -> list[int]:
    with database.read() as db:
        return [each.id for each in open_sessions(db, user.id)]


def rows(database: Database, user: User) -> int:
    with database.read() as db:
        return db.scalar(select(func.count()).where(OpenSession.user_id == user.id)) or 0


class TestLoggedInWithTwoBrowsers:
    @pytest.fixture
    def stub(self) -> Iterator[StubProvider]:
        stub = StubProvider()
        stub.claims["sub"] = uuid4().hex
        yield stub
        stub.stop()

    @pytest.fixture
    def blog(self, new_app: NewApp, stub: StubProvider) -> Flask:
        return new_app(oidc_issuer=stub.issuer, oidc_client_id="blog", proxy_hops=1)

    @pytest.fixture
    def log_in(self, blog: Flask, stub: StubProvider) -> LogIn:
        def log_in(agent: str, address: str, browser: FlaskClient | None = None) -> FlaskClient:
            browser = browser or blog.test_client()
            query = parse_qs(urlsplit(browser.get("/auth/google").headers["Location"]).query)
            stub.claims["nonce"] = query["nonce"][0]
            browser.get(
                "/auth/google/callback",
                query_string={"code": "c", "state": query["state"][0]},
                headers={"User-Agent": agent, "X-Forwarded-For": address},
            )
            return browser

        return log_in

    @pytest.fixture(autouse=True)
    def logged_in(self, log_in: LogIn) -> None:
        self.desk = log_in(FIREFOX, "192.0.2.1")
        self.phone = log_in(SAFARI, "2001:db8::7")

    def shown(self, browser: FlaskClient) -> list[tuple[str, str, bool]]:
        """The browser, the address, and whether it is the one that asks."""
        row = r"<strong>([^<]+)</strong> <span class=\"fine\">logged in .*</time> from ([^ <]+)(.*)</span>"
        page = browser.get("/account").text
        return [(words, address, "this one" in rest) for words, address, rest in re.findall(row, page)]

    def test_are_listed_with_the_one_that_asks(self) -> None:
        desk, phone = ("Firefox on Linux", "192.0.2.1"), ("Safari on iPhone", "2001:db8::7")
        assert self.shown(self.desk) == [(*phone, False), (*desk, True)]
        assert self.shown(self.phone) == [(*phone, True), (*desk, False)]

    def test_is_listed_once_after_logging_in_again(self, log_in: LogIn) -> None:
        log_in(CHROME, "192.0.2.9", self.desk)
        assert self.shown(self.desk) == [
            ("Chrome on Windows", "192.0.2.9", True),
            ("Safari on iPhone", "2001:db8::7", False),
        ]

    def test_finds_none_of_them_after_logging_out_everywhere(self, log_in: LogIn) -> None:
        self.phone.post("/auth/logout", headers={"Sec-Fetch-Site": "same-origin"})
        assert self.shown(log_in(FIREFOX, "192.0.2.1")) == [("Firefox on Linux", "192.0.2.1", True)]

    def test_is_shown_the_beginning_of_an_address_of_any_length(self, log_in: LogIn) -> None:
        [(_, address, _), *_] = self.shown(log_in(FIREFOX, "fe80::1%" + "a" * 200))
        assert len(address) == ADDRESS_LENGTH

    def test_tells_the_log_nothing_of_the_browser(self, log_in: LogIn, capfd: pytest.CaptureFixture[str]) -> None:
        log_in(FIREFOX, "192.0.2.1")
        assert "Firefox" not in capfd.readouterr().out

    def test_has_a_cookie_that_is_still_remembered(self, blog: Flask) -> None:
        interface = blog.session_interface
        content = {"_user_id": str(10**12), "epoch": MAX_ID, "iat": 2_000_000_000, "record": 10**12}
        assert len(interface.get_signing_serializer(blog).dumps(content)) <= KEPT_LENGTH  # type: ignore[attr-defined]


class TestASessionWithoutARecord:
    def test_is_not_listed(self, client_for: ClientFor, user: User) -> None:
        assert "was not recorded" in client_for(user).get("/account").text


class TestARecord:
    @pytest.fixture(autouse=True)
    def recorded(self, database: Database, user: User) -> None:
        [self.id] = record(database, user)

    def move(self, database: Database, **age: float) -> None:
        with database.write() as db:
            opened_at = datetime.now(UTC) - timedelta(**age)
            db.execute(update(OpenSession).where(OpenSession.id == self.id).values(opened_at=opened_at))

    def test_is_listed_for_a_month(self, database: Database, user: User) -> None:
        self.move(database, days=29)
        assert listed(database, user) == [self.id]

    def test_is_listed_no_longer(self, database: Database, user: User) -> None:
        self.move(database, days=31)
        assert listed(database, user) == []

    def test_is_gone_after_a_month_by_anybodys_login(
        self, database: Database, user: User, user_factory: UserFactory
    ) -> None:
        self.move(database, days=31)
        record(database, user_factory())
        assert rows(database, user) == 0

    def test_stays_when_somebody_else_logs_in(self, database: Database, user: User, user_factory: UserFactory) -> None:
        record(database, user_factory())
        assert listed(database, user) == [self.id]

    def test_is_listed_for_nobody_else(self, database: Database, user_factory: UserFactory) -> None:
        assert listed(database, user_factory()) == []

    def test_is_gone_when_the_sessions_are_ended(self, database: Database, user: User) -> None:
        with database.write() as db:
            end_sessions(db, user.id)
        assert rows(database, user) == 0

    def test_is_not_listed_when_they_were_ended_by_other_means(self, database: Database, user: User) -> None:
        with database.write() as db:
            db.execute(update(User).where(User.id == user.id).values(session_epoch=user.session_epoch + 1))
        assert listed(database, user) == []

    def test_is_gone_with_its_user(self, database: Database, user: User) -> None:
        with database.write() as db:
            db.delete(db.get_one(User, user.id))
        assert rows(database, user) == 0

    def test_gives_way_to_later_ones(self, database: Database, user: User) -> None:
        later = record(database, user, MAX_SESSIONS)
        assert (listed(database, user), rows(database, user)) == (later[::-1], MAX_SESSIONS)


class TestABrowserInWords:
    @pytest.mark.parametrize(
        ("agent", "words"),
        [
            (FIREFOX, "Firefox on Linux"),
            (CHROME, "Chrome on Windows"),
            (SAFARI, "Safari on iPhone"),
            (f"{CHROME} Edg/140.0.0.0", "Edge on Windows"),
            (SAFARI.replace("Version", "CriOS"), "Chrome on iPhone"),
            (
                "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28 Chrome/130 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            ("curl/8.5.0", "Unknown browser"),
            ("<script>alert(1)</script> Windows", "Unknown browser on Windows"),
            ("", "Unknown browser"),
        ],
    )
    def test_is_named(self, agent: str, words: str) -> None:
        assert in_words(agent) == words
