"""What every answer carries, whatever it says."""

import re

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from app import create_app
from app.auth.session import begin_login
from app.config import Settings
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory

PATHS = ["/", "/healthz", "/static/inkwell.css", "/blogs", "/nothing", "/api/blogs", "/api/nothing", "/auth/logout"]


def headers_of(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> Headers:
    # Closed at once: a file that is being sent stays open until its answer is.
    with client.get(path, headers=headers) as answer:
        return answer.headers


@pytest.mark.parametrize("path", PATHS)
class TestAnAnswer:
    def test_carries_the_security_headers(self, client: FlaskClient, path: str) -> None:
        headers = headers_of(client, path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"

    def test_allows_no_inline_code(self, client: FlaskClient, path: str) -> None:
        policy = headers_of(client, path)["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy

    def test_opens_itself_to_no_other_site(self, client: FlaskClient, path: str) -> None:
        headers = headers_of(client, path, headers={"Origin": "https://evil.example"})
        assert not [name for name, _ in headers if name.startswith("Access-Control-")]

    def test_carries_the_callers_request_id(self, client: FlaskClient, path: str) -> None:
        assert headers_of(client, path, headers={"X-Request-ID": "abc-123"})["X-Request-ID"] == "abc-123"

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "<script>"])
    def test_carries_an_id_of_its_own_instead_of_an_odd_one(self, client: FlaskClient, path: str, sent: str) -> None:
        assert re.fullmatch("[0-9a-f]{16}", headers_of(client, path, headers={"X-Request-ID": sent})["X-Request-ID"])


class TestAnAnswerThatReadTheSession:
    def test_is_kept_by_nobody_else(self, client: FlaskClient) -> None:
        headers = client.get("/").headers
        assert (headers["Vary"], headers["Cache-Control"]) == ("Cookie", "private, no-cache")


class TestAnAnswerWithAScript:
    @pytest.fixture(autouse=True)
    def rendered(self, app: Flask) -> None:
        with app.test_request_context("/"):
            self.nonce = render_template_string("{{ csp_nonce() }}")
            self.policy = app.process_response(app.make_response("")).headers["Content-Security-Policy"]

    def test_lets_its_own_scripts_run(self) -> None:
        assert f"script-src 'nonce-{self.nonce}' 'strict-dynamic'" in self.policy


class TestAProductionBlog:
    @pytest.fixture(autouse=True)
    def started(self, settings: Settings, user_factory: UserFactory) -> None:
        app = create_app(settings.model_copy(update={"app_env": "production", "base_url": "https://blog.example"}))
        self.client = app.test_client(use_cookies=False)
        self.cookie = SessionFactory(app)(user_factory())

    def get(self, path: str) -> dict[str, str]:
        return dict(self.client.get(path, base_url="https://blog.example", headers=self.cookie.header).headers)

    def test_names_its_cookie_so_that_no_other_host_can_set_it(self) -> None:
        assert self.cookie.name == "__Host-session"

    def test_asks_for_https_for_two_years(self) -> None:
        assert self.get("/")["Strict-Transport-Security"].startswith("max-age=63072000")

    def test_answers_to_its_own_host_alone(self) -> None:
        assert self.client.get("/", base_url="https://localhost").status_code == 400


class TestTheSessionCookie:
    @pytest.fixture(autouse=True)
    def logged_out(self, client: FlaskClient, session_factory: SessionFactory) -> None:
        cookie = session_factory.holding({"logins": [], "seen": 1})
        self.set_cookie = client.get("/auth/google/callback?state=x", headers=cookie.header).headers["Set-Cookie"]

    def test_is_hidden_from_scripts_and_from_other_sites(self) -> None:
        assert "HttpOnly" in self.set_cookie
        assert "SameSite=Lax" in self.set_cookie


class TestThirtyLoginsBegun:
    def test_fit_into_a_cookie(self, session_factory: SessionFactory) -> None:
        session: dict[str, object] = {}
        for number in range(30):
            begin_login(session, f"/{number}" + "é&%"[1] * 500)
        cookie = session_factory.holding(session)
        assert len(f"{cookie.name}={cookie.value}") < 4093
