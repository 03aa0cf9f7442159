"""Logging in and out, without a browser."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.auth import queries
from app.auth.models import User
from app.auth.oidc import Identity
from app.auth.queries import find_or_create_user
from app.db import Database
from tests.conftest import NewApp
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.unit.auth.stub_provider import StubProvider

pytestmark = pytest.mark.both_databases


@pytest.fixture
def stub() -> Iterator[StubProvider]:
    stub = StubProvider()
    stub.claims["sub"] = uuid4().hex
    yield stub
    stub.stop()


@pytest.fixture
def visitor(new_app: NewApp, stub: StubProvider) -> FlaskClient:
    """A browser, as far as cookies go."""
    return new_app(oidc_issuer=stub.issuer, oidc_client_id="blog").test_client()


def log_in(visitor: FlaskClient, stub: StubProvider, path: str = "/auth/google") -> tuple[int, str]:
    """Go to the provider and come back: the callback's status and where it leads."""
    query = parse_qs(urlsplit(visitor.get(path).headers["Location"]).query)
    stub.claims["nonce"] = query["nonce"][0]
    answer = visitor.get("/auth/google/callback", query_string={"code": "c", "state": query["state"][0]})
    return answer.status_code, answer.headers.get("Location", "")


class TestALogin:
    @pytest.mark.parametrize(
        ("path", "leads_to"),
        [
            ("/auth/google", "/blogs"),
            ("/auth/google?next=/blogs/new", "/blogs/new"),
            ("/auth/google?next=//evil.example", "/blogs"),
            ("/auth/google?next=https://evil.example", "/blogs"),
        ],
    )
    def test_leads_to_a_page_of_this_site(
        self, visitor: FlaskClient, stub: StubProvider, path: str, leads_to: str
    ) -> None:
        assert log_in(visitor, stub, path) == (303, leads_to)

    def test_of_a_disabled_user_fails(
        self, visitor: FlaskClient, stub: StubProvider, user_factory: UserFactory
    ) -> None:
        user_factory(issuer=stub.issuer, subject=stub.claims["sub"], disabled=True)
        assert log_in(visitor, stub)[0] == 400

    def test_with_another_nonce_fails(self, visitor: FlaskClient, stub: StubProvider) -> None:
        query = parse_qs(urlsplit(visitor.get("/auth/google").headers["Location"]).query)
        stub.claims["nonce"] = "another"
        answer = visitor.get("/auth/google/callback", query_string={"code": "c", "state": query["state"][0]})
        assert answer.status_code == 400

    def test_leaves_nothing_in_the_log_that_could_be_used(
        self, visitor: FlaskClient, stub: StubProvider, capfd: pytest.CaptureFixture[str]
    ) -> None:
        visitor.get("/auth/google/callback?code=very-secret-code&state=s")
        logged = capfd.readouterr().out
        assert "/auth/google/callback" in logged
        assert "very-secret-code" not in logged

    def test_that_cannot_reach_the_provider_says_when_to_come_back(
        self, visitor: FlaskClient, stub: StubProvider
    ) -> None:
        stub.stop()
        answer = visitor.get("/auth/google")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")


class TestABlogForCertainPeople:
    @pytest.fixture
    def visitor(self, new_app: NewApp, stub: StubProvider, allowed: tuple[str, ...]) -> FlaskClient:
        return new_app(oidc_issuer=stub.issuer, oidc_client_id="blog", login_allow=allowed).test_client()

    @pytest.mark.parametrize("allowed", [("ada@example.com",), ("@example.com",), ("x@y.example", "@EXAMPLE.com")])
    def test_lets_them_in(self, visitor: FlaskClient, stub: StubProvider) -> None:
        assert log_in(visitor, stub)[0] == 303

    @pytest.mark.parametrize("allowed", [("@example.com",)])
    @pytest.mark.parametrize(
        "claims",
        [
            {"email": "ada@other.example"},
            {"email": "ada@sub.example.com"},
            {"email": "ada@notexample.com"},
            {"email": "ada@example.com@other.example"},
            {"email_verified": False},
        ],
    )
    def test_refuses_others(self, visitor: FlaskClient, stub: StubProvider, claims: dict[str, object]) -> None:
        stub.claims |= claims
        assert log_in(visitor, stub)[0] == 403

    @pytest.mark.parametrize("allowed", [("bob@example.com",)])
    def test_refuses_somebody_who_was_let_in_before(
        self, visitor: FlaskClient, stub: StubProvider, user_factory: UserFactory
    ) -> None:
        user_factory(issuer=stub.issuer, subject=stub.claims["sub"], email="ada@example.com")
        assert log_in(visitor, stub)[0] == 403

    @pytest.mark.parametrize("allowed", [("bob@example.com",)])
    def test_says_in_the_log_whom_it_refused_and_why(
        self, visitor: FlaskClient, stub: StubProvider, capfd: pytest.CaptureFixture[str]
    ) -> None:
        log_in(visitor, stub)
        assert "login_refused" in capfd.readouterr().out


class TestTheTrailOfALogin:
    @pytest.fixture
    def visitor(self, app_in_production: Flask, new_app: NewApp, stub: StubProvider) -> FlaskClient:
        return new_app(app_env="production", oidc_issuer=stub.issuer, oidc_client_id="blog").test_client()

    @pytest.fixture(autouse=True)
    def logged_in(
        self, visitor: FlaskClient, stub: StubProvider, database: Database, capfd: pytest.CaptureFixture[str]
    ) -> None:
        visitor.environ_base["wsgi.url_scheme"] = "https"
        assert log_in(visitor, stub)[0] == 303
        written = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        self.lines = [line for line in written if line["logger"] == "app.audit"]
        with database.read() as db:
            self.user = db.scalars(select(User).where(User.subject == stub.claims["sub"])).one()

    def test_names_the_user(self) -> None:
        assert [(line["event"], line["user"]) for line in self.lines] == [("login", self.user.id)]

    def test_names_the_session_as_its_requests_do(
        self, visitor: FlaskClient, capfd: pytest.CaptureFixture[str]
    ) -> None:
        visitor.get("/api/blogs")
        assert [json.loads(capfd.readouterr().out)["session"]] == [line["session"] for line in self.lines]


class TestAHostileProvider:
    @pytest.mark.parametrize("address", ["http://[", "https://login.example:b/", "https://login.example/\n", 7])
    def test_with_an_odd_address_is_unavailable(
        self, visitor: FlaskClient, stub: StubProvider, address: object
    ) -> None:
        stub.discovery["authorization_endpoint"] = address
        assert visitor.get("/auth/google").status_code == 503

    @pytest.mark.parametrize(("path", "status"), [("/token", 400), ("/userinfo", 503)])
    def test_with_a_deep_answer_fails_the_login(
        self, visitor: FlaskClient, stub: StubProvider, path: str, status: int
    ) -> None:
        stub.claims["email"] = None
        stub.discovery["userinfo_endpoint"] = f"{stub.issuer}/userinfo"
        stub.answers[path] = (200, b"[" * 100_000 + b"]" * 100_000)
        assert log_in(visitor, stub)[0] == status

    def test_with_deep_keys_is_unavailable(self, visitor: FlaskClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (200, b"[" * 100_000 + b"]" * 100_000)
        assert visitor.get("/auth/google").status_code == 503

    def test_with_deep_claims_fails_the_login(self, visitor: FlaskClient, stub: StubProvider) -> None:
        stub.token["id_token"] = stub.signed(b'{"sub": ' + b"[" * 90_000)
        assert log_in(visitor, stub)[0] == 400


class TestEightFirstLoginsAtOnce:
    @pytest.fixture(autouse=True)
    def logged_in(self, database: Database) -> None:
        self.identity = Identity("https://people.invalid", uuid4().hex, "Ada", None, email_verified=False)

        def log_in(_: int) -> int:
            with database.write() as db:
                return find_or_create_user(db, self.identity).id

        with ThreadPoolExecutor(8) as people:
            self.ids = set(people.map(log_in, range(8)))

    def test_make_one_user(self, database: Database) -> None:
        with database.read() as db:
            count = db.scalar(select(func.count()).where(User.subject == self.identity.subject))
        assert (count, len(self.ids)) == (1, 1)


class TestAFirstLoginThatComesSecond:
    def test_finds_the_user_that_the_quicker_one_made(self, database: Database) -> None:
        identity = Identity("https://people.invalid", uuid4().hex, "Ada", None, email_verified=False)
        with database.write() as db:
            made = find_or_create_user(db, identity).id
        # From where it has looked for the user, and found none yet.
        with database.write() as db:
            assert queries._make(db, identity).id == made


class TestTheSameSubjectOfTwoIssuers:
    def test_is_two_users(self, database: Database) -> None:
        subject = uuid4().hex
        with database.write() as db:
            ids = {
                find_or_create_user(db, Identity(issuer, subject, "Ada", None, email_verified=False)).id
                for issuer in ("https://people.invalid", "https://others.invalid")
            }
        assert len(ids) == 2


A_CLICK = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}


class TestLoggingOut:
    @pytest.fixture(autouse=True)
    def logged_out(self, client: FlaskClient, session_factory: SessionFactory, user_factory: UserFactory) -> None:
        self.cookie = session_factory(user_factory()).header
        self.answer = client.get("/auth/logout", headers={**self.cookie, **A_CLICK})

    def test_takes_the_cookie_away(self) -> None:
        sessions = [value for value in self.answer.headers.getlist("Set-Cookie") if value.startswith("session=")]
        assert ["Max-Age=0" in value for value in sessions] == [True]

    def test_ends_the_session(self, client: FlaskClient) -> None:
        assert client.get("/api/blogs", headers=self.cookie).status_code == 401


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-Site": "none"}, id="a link in a mail, or the address typed"),
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-Site": "cross-site"}, id="a link on another site"),
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-Site": "same-site"}, id="a link on a neighbouring host"),
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-Mode": "no-cors"}, id="an image"),
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-Mode": "cors"}, id="a script"),
        pytest.param("GET", {**A_CLICK, "Sec-Fetch-User": ""}, id="a page that goes there by itself"),
        pytest.param("GET", {**A_CLICK, "Sec-Purpose": "prefetch;prerender"}, id="a prefetch"),
        pytest.param("GET", {}, id="a browser that does not say"),
        pytest.param("HEAD", A_CLICK, id="a request for the head alone"),
    ],
)
class TestComingToLogoutBy:
    @pytest.fixture(autouse=True)
    def came(
        self,
        client: FlaskClient,
        session_factory: SessionFactory,
        user_factory: UserFactory,
        method: str,
        headers: dict[str, str],
    ) -> None:
        self.cookie = session_factory(user_factory()).header
        self.answer = client.open("/auth/logout", method=method, headers={**self.cookie, **headers})

    def test_leads_to_a_question(self) -> None:
        assert self.answer.status_code == 200

    def test_does_not_log_out(self, client: FlaskClient) -> None:
        assert client.get("/api/blogs", headers=self.cookie).status_code == 200


class TestComingToLogoutLoggedOut:
    def test_is_asked_nothing(self, client: FlaskClient) -> None:
        assert "You are logged out" in client.get("/auth/logout").text
