"""What every answer carries, whatever it says."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from app.auth.models import User
from app.auth.session import begin_login
from app.config import Settings
from tests.conftest import NewApp
from tests.factories.session import SAME_ORIGIN, SessionFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

PATHS = ["/", "/healthz", "/static/inkwell.css", "/blogs", "/nothing", "/api/blogs", "/api/nothing", "/auth/logout"]


def headers_of(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> Headers:
    # Closed at once: a file that is being sent stays open until its answer is.
    with client.get(path, headers=headers) as answer:
        return answer.headers


@pytest.mark.parametrize("path", PATHS)
class TestAnAnswer:
    def test_carries_the_security_headers(self, client: FlaskClient, path: str) -> None:
        headers = headers_of(client, path)
        assert headers.get("X-Content-Type-Options") == "nosniff"
        assert headers.get("Referrer-Policy") == "same-origin"
        assert headers.get("Cross-Origin-Opener-Policy") == "same-origin"
        assert headers.get("Cross-Origin-Resource-Policy") == "same-origin"

    def test_allows_no_inline_code(self, client: FlaskClient, path: str) -> None:
        policy = headers_of(client, path)["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy

    def test_lets_forms_and_links_lead_nowhere_else(self, client: FlaskClient, path: str) -> None:
        policy = headers_of(client, path)["Content-Security-Policy"].split("; ")
        assert {"form-action 'self'", "base-uri 'none'"} <= set(policy)

    def test_opens_itself_to_no_other_site(self, client: FlaskClient, path: str) -> None:
        headers = headers_of(client, path, headers={"Origin": "https://evil.example"})
        assert not [name for name, _ in headers if name.startswith("Access-Control-")]

    def test_carries_the_callers_request_id(self, client: FlaskClient, path: str) -> None:
        assert headers_of(client, path, headers={"X-Request-ID": "abc-123"}).get("X-Request-ID") == "abc-123"

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "<script>"])
    def test_carries_an_id_of_its_own_instead_of_an_odd_one(self, client: FlaskClient, path: str, sent: str) -> None:
        assert re.fullmatch("[0-9a-f]{16}", headers_of(client, path, headers={"X-Request-ID": sent})["X-Request-ID"])


class TestAnAnswerThatReadTheSession:
    def test_is_kept_by_nobody_else(self, client: FlaskClient) -> None:
        headers = client.get("/").headers
        assert (headers.get("Vary"), headers.get("Cache-Control")) == ("Cookie", "private, no-cache")


class TestAPageInDevelopment:
    def test_runs_scripts_of_our_static_files_alone(self, client: FlaskClient) -> None:
        local = "http://localhost/static/ http://localhost:*/static/ http://127.0.0.1:*/static/"
        assert f"script-src {local}; " in client.get("/").headers["Content-Security-Policy"]


class TestAProductionBlog:
    @pytest.fixture(autouse=True)
    def started(self, new_app: NewApp, user_factory: UserFactory) -> None:
        app = new_app(app_env="production", base_url="https://blog.example")
        self.client = app.test_client(use_cookies=False)
        self.cookie = SessionFactory(app)(user_factory())

    def get(self, path: str) -> dict[str, str]:
        return dict(self.client.get(path, base_url="https://blog.example", headers=self.cookie.header).headers)

    def test_runs_scripts_of_its_static_files_alone(self) -> None:
        assert "script-src https://blog.example/static/; " in self.get("/blogs/new")["Content-Security-Policy"]

    def test_names_its_cookie_so_that_no_other_host_can_set_it(self) -> None:
        assert self.cookie.name == "__Host-session"

    def test_asks_for_https_for_two_years(self) -> None:
        assert self.get("/").get("Strict-Transport-Security", "").startswith("max-age=63072000")

    def test_asks_for_what_it_is_told_to(self, new_app: NewApp) -> None:
        app = new_app(app_env="production", base_url="https://blog.example", hsts="max-age=0")
        answer = app.test_client().get("/", base_url="https://blog.example")
        assert answer.headers["Strict-Transport-Security"] == "max-age=0"

    def test_lets_its_cookie_travel_on_https_alone(self) -> None:
        cookie = {"Cookie": f"{self.cookie.name}=x; " + self.cookie.header["Cookie"]}
        headers = {**SAME_ORIGIN, **cookie}
        answer = self.client.get("/auth/google/callback?state=x", base_url="https://blog.example", headers=headers)
        assert all(part in answer.headers["Set-Cookie"] for part in ("Secure", "Path=/;", "__Host-session="))

    def test_sends_a_login_on_to_the_provider_from_behind_a_proxy(self) -> None:
        # The proxy speaks plain HTTP to the blog; no provider runs here, so going on to it is a 503.
        assert self.client.get("/auth/google", base_url="http://blog.example").status_code == 503

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_tells_its_health_to_whoever_asks_by_its_address(self, path: str) -> None:
        assert self.client.get(path, base_url="http://10.0.0.5").status_code == 200

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


class TestASessionInUse:
    def renewed(self, client_for: ClientFor, user: User, age: timedelta) -> bool:
        with time_machine.travel(-age, tick=False):
            client = client_for(user)
        return "Set-Cookie" in client.get("/api/current_user").headers

    def test_is_renewed_after_an_hour(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        assert self.renewed(client_for, user_factory(), timedelta(hours=2))

    def test_is_left_alone_before(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        assert not self.renewed(client_for, user_factory(), timedelta(minutes=10))


class TestASessionThatWasNotUsed:
    @pytest.mark.parametrize(("days", "status"), [(6, 200), (8, 401)])
    def test_counts_for_a_week(self, client_for: ClientFor, user_factory: UserFactory, days: int, status: int) -> None:
        user = user_factory()
        with time_machine.travel(-timedelta(days=days), tick=False):
            client = client_for(user)
        assert client.get("/api/blogs").status_code == status


class TestAChangedSecret:
    def test_keeps_the_sessions_of_the_one_before(
        self, settings: Settings, new_app: NewApp, session_factory: SessionFactory, user_factory: UserFactory
    ) -> None:
        cookie = session_factory(user_factory())
        changed = new_app(secret_key=settings.secret_key[::-1], secret_key_fallbacks=(settings.secret_key,))
        client = changed.test_client(use_cookies=False)
        assert client.get("/api/blogs", headers=cookie.header).status_code == 200


class TestAnError:
    @pytest.mark.parametrize("path", ["/blogs", "/nothing", "/api/blogs"])
    def test_is_kept_by_nobody(self, client: FlaskClient, path: str) -> None:
        assert client.get(path).headers["Cache-Control"] == "no-store"


class TestThirtyLoginsBegun:
    def test_fit_into_a_cookie(self, session_factory: SessionFactory) -> None:
        session: dict[str, object] = {}
        for number in range(30):
            begin_login(session, f"/{number}" + "é&%"[1] * 500)
        cookie = session_factory.holding(session)
        assert len(f"{cookie.name}={cookie.value}") < 4093
