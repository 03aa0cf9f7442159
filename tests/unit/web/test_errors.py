"""Errors as people and programs read them."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.web.marks import public
from tests.conftest import NewApp
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor


class TestAnUnknownAddress:
    def test_is_a_page_for_people(self, client: FlaskClient) -> None:
        assert "There is nothing at this address." in client.get("/nothing").text

    def test_needs_no_reference(self, client: FlaskClient) -> None:
        assert "Reference" not in client.get("/nothing").text

    def test_is_json_for_programs(self, client: FlaskClient) -> None:
        assert client.get("/api/nothing").get_json() == {"error": "There is nothing at this address."}

    def test_leads_programs_to_the_description(self, client: FlaskClient) -> None:
        link = client.get("/api/nothing").headers["Link"]
        address, relation = re.fullmatch(r'<(.+)>; rel="(.+)"', link).groups()  # type: ignore[union-attr]  # it is one
        assert (relation, client.get(address).get_json()["openapi"]) == ("service-desc", "3.1.0")

    def test_leads_people_to_none(self, client: FlaskClient) -> None:
        assert "Link" not in client.get("/nothing").headers


class TestAFailure:
    def test_has_a_reference_that_no_caller_chose(self, new_app: NewApp, monkeypatch: pytest.MonkeyPatch) -> None:
        app = new_app()
        # What a failing view would raise.
        monkeypatch.setitem(app.view_functions, "blogs.landing", public(lambda: 1 / 0))
        page = app.test_client().get("/", headers={"X-Request-ID": "abc-123"})
        assert (page.status_code, bool(re.search("Reference: [0-9a-f]{16}<", page.text))) == (500, True)


class TestAnAnonymousCaller:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_reads_the_exact_words(self, client: FlaskClient, method: str) -> None:
        answer = client.open("/api/blogs", method=method)
        assert (answer.status_code, answer.text) == (401, '{"error": "You must log in!"}')

    @pytest.mark.parametrize("site", ["same-origin", "none", "same-site", "cross-site", ""])
    def test_reads_them_wherever_the_request_comes_from(self, client: FlaskClient, site: str) -> None:
        headers = {"Sec-Fetch-Site": site, "Origin": "http://evil.example"}
        answer = client.post("/api/blogs", data={"title": "T"}, headers=headers)
        assert (answer.status_code, answer.text) == (401, '{"error": "You must log in!"}')


class TestAFormSentByAStranger:
    def page(self, client: FlaskClient, headers: dict[str, str], path: str = "/blogs/new") -> str:
        answer = client.post(path, data={"title": "Of value", "email": "ada@people.invalid"}, headers=headers)
        assert answer.status_code == 401
        return answer.text

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}], ids=str)
    def test_is_shown_to_be_copied(self, client: FlaskClient, headers: dict[str, str]) -> None:
        page = self.page(client, headers)
        assert "Of value</textarea>" in page
        assert "ada@people.invalid</textarea>" in page

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}],
        ids=str,
    )
    def test_is_not_shown_when_another_site_wrote_it(self, client: FlaskClient, headers: dict[str, str]) -> None:
        page = self.page(client, headers)
        assert "Of value" not in page
        assert "ada@people.invalid" not in page

    @pytest.mark.parametrize(
        ("path", "leads_to"),
        [
            ("/blogs/new", "/blogs/new"),
            ("/blogs/1/edit", "/blogs/1/edit"),
            ("/blogs/1/delete", "/blogs/1/delete"),
            ("/blogs/1/shares", "/blogs/1"),
            ("/blogs/1/shares/2/delete", "/blogs/1"),
        ],
    )
    def test_is_led_back_to_the_page_of_the_form(self, client_for: ClientFor, path: str, leads_to: str) -> None:
        assert f'href="/auth/google?next={leads_to}"' in self.page(client_for(), {}, path)


class TestADatabaseThatIsLost:
    @pytest.fixture(autouse=True)
    def lost(self, new_app: NewApp, tmp_path: Path, client_for: ClientFor, user_factory: UserFactory) -> None:
        app = new_app(database_url=f"sqlite:///{tmp_path}/no/such/folder.db")
        self.client, self.visitor = client_for(user_factory(), app=app), client_for(app=app)

    @pytest.mark.parametrize("path", ["/", "/blogs", "/api/blogs", "/nothing", "/api/current_user"])
    def test_is_a_503_that_says_when_to_come_back(self, path: str) -> None:
        answer = self.client.get(path)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")

    def test_offers_to_try_the_same_page_again(self) -> None:
        assert '<a class="btn" href="/blogs">Try again</a>' in self.client.get("/blogs").text

    @pytest.mark.parametrize("path", ["/\\evil.example", "/\t/evil.example", "/.//evil.example"])
    def test_links_to_no_other_site(self, path: str) -> None:
        answer = self.client.get("/", environ_overrides={"PATH_INFO": path})
        assert (answer.status_code, "evil.example" in answer.text) == (503, False)

    def test_is_a_page_that_can_tell_what_the_browser_keeps_of_a_form(self) -> None:
        page = self.client.post("/blogs/new").text
        assert "What you typed is kept in this browser." in page
        assert "/keep.js" in page

    def test_is_not_ready(self) -> None:
        answer = self.visitor.get("/readyz")
        assert (answer.status_code, answer.get_json()["database"]) == (503, "down")

    def test_is_alive_all_the_same(self) -> None:
        assert self.visitor.get("/healthz").status_code == 200

    def test_shows_the_front_page_to_a_visitor(self) -> None:
        assert self.visitor.get("/").status_code == 200


class TestAFaultOfOurOwn:
    @pytest.fixture(autouse=True)
    def broken(self, new_app: NewApp) -> None:
        app = new_app()
        app.add_url_rule("/broken", view_func=_broken)
        app.add_url_rule("/api/broken", view_func=_broken, endpoint="api_broken")
        self.client = app.test_client(use_cookies=False)

    def test_is_told_without_its_details(self) -> None:
        answer = self.client.get("/broken")
        assert answer.status_code == 500
        assert "Something went wrong on our side." in answer.text
        assert "spilt" not in answer.text

    def test_is_json_for_programs(self) -> None:
        assert self.client.get("/api/broken").get_json()["error"].startswith("Something went wrong")

    def test_carries_the_security_headers(self) -> None:
        assert self.client.get("/broken").headers["X-Content-Type-Options"] == "nosniff"


def _broken() -> str:
    raise RuntimeError("spilt")


_broken.is_public = True  # type: ignore[attr-defined]  # what @public sets
