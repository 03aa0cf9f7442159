import base64
import hashlib
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from dev.provider import create_provider

ISSUER = "http://127.0.0.1:9999"
CALLBACK = "http://localhost:8000/auth/google/callback"
SECRET = "made up"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOGIN = {
    "response_type": "code",
    "client_id": "blog",
    "redirect_uri": CALLBACK,
    "scope": "openid email profile",
    "state": "the state",
    "nonce": "the nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Form(HTMLParser):
    """The fields that a browser would send if the page were submitted as it is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        of = dict(attributes)
        if tag == "input" and (of.get("type") != "radio" or "checked" in of):
            self.fields[str(of["name"])] = of.get("value") or ""


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    return create_provider(ISSUER, "blog", SECRET, CALLBACK).test_client()


def asked(visitor: FlaskClient, **changes: str | None) -> TestResponse:
    query = {name: value for name, value in (LOGIN | changes).items() if value is not None}
    return visitor.get("/authorize", query_string=query)


def submitted(visitor: FlaskClient, **changes: str) -> TestResponse:
    return visitor.post("/authorize", data=Form(asked(visitor).text).fields | changes)


def sent_back(response: TestResponse) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def exchanged(visitor: FlaskClient, code: str, **changes: str) -> TestResponse:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return visitor.post("/token", data=form | changes, auth=("blog", changes.pop("secret", SECRET)))


class TestDiscovery:
    @pytest.fixture
    def document(self, visitor: FlaskClient) -> dict[str, Any]:
        found: dict[str, Any] = visitor.get("/.well-known/openid-configuration").get_json()
        return found

    def test_names_the_issuer(self, document: dict[str, Any]) -> None:
        assert document["issuer"] == ISSUER

    def test_offers_only_s256(self, document: dict[str, Any]) -> None:
        assert document["code_challenge_methods_supported"] == ["S256"]

    def test_names_only_endpoints_that_exist(self, visitor: FlaskClient, document: dict[str, Any]) -> None:
        paths = [url.removeprefix(ISSUER) for name, url in document.items() if name.endswith(("_endpoint", "_uri"))]
        assert all(visitor.get(path).status_code != 404 for path in paths)

    def test_keeps_the_private_key(self, visitor: FlaskClient) -> None:
        assert "d" not in visitor.get("/jwks").get_json()["keys"][0]


class TestASoundRequest:
    @pytest.fixture
    def response(self, visitor: FlaskClient) -> TestResponse:
        return asked(visitor)

    def test_shows_the_people(self, response: TestResponse) -> None:
        assert "Ada Brook" in response.text

    def test_may_be_framed_by_nobody(self, response: TestResponse) -> None:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]

    def test_sets_no_cookie(self, response: TestResponse) -> None:
        assert "Set-Cookie" not in response.headers


class TestARequestThatIsNotFromTheBlog:
    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "another"},
            {"client_id": None},
            {"client_id": "another", "response_type": "token"},
            {"redirect_uri": "http://elsewhere.example/"},
            {"redirect_uri": CALLBACK + "/"},
            {"redirect_uri": CALLBACK + "?a=b"},
            {"redirect_uri": CALLBACK.replace("localhost", "127.0.0.1")},
            {"redirect_uri": 'http://elsewhere.example/"\N{SNOWMAN}'},
            {"redirect_uri": None},
        ],
    )
    def test_is_refused_on_the_spot(self, visitor: FlaskClient, changes: dict[str, str | None]) -> None:
        response = asked(visitor, **changes)
        assert (response.status_code, "Location" in response.headers) == (400, False)

    def test_is_refused_on_the_spot_when_posted(self, visitor: FlaskClient) -> None:
        response = submitted(visitor, redirect_uri="http://elsewhere.example/")
        assert (response.status_code, "Location" in response.headers) == (400, False)


class TestAFaultyRequest:
    @pytest.mark.parametrize(
        "changes",
        [
            {"code_challenge": None},
            {"code_challenge": None, "code_challenge_method": None},
            {"code_challenge_method": "plain"},
            {"code_challenge_method": None},
            {"code_challenge": "short"},
            {"scope": "email"},
            {"scope": None},
            {"response_type": "token"},
            {"response_type": None},
            {"prompt": "none"},
        ],
    )
    def test_goes_back_with_an_error_and_the_state(self, visitor: FlaskClient, changes: dict[str, str | None]) -> None:
        answer = sent_back(asked(visitor, **changes))
        assert ("error" in answer, answer["state"]) == (True, "the state")

    @pytest.mark.parametrize("name", [*LOGIN, "prompt", "person", "email", "name"])
    @pytest.mark.parametrize("value", ["", "\0", '"', "\\", "\N{SNOWMAN}", "a\r\nb: c", "x" * 5000])
    def test_is_never_a_server_error(self, visitor: FlaskClient, name: str, value: str) -> None:
        statuses = asked(visitor, **{name: value}).status_code, submitted(visitor, **{name: value}).status_code
        assert max(statuses) < 500


class TestSignIn:
    def test_goes_back_with_a_code_and_the_state(self, visitor: FlaskClient) -> None:
        answer = sent_back(submitted(visitor))
        assert (set(answer), answer["state"]) == ({"code", "state"}, "the state")

    def test_goes_back_to_the_blog(self, visitor: FlaskClient) -> None:
        assert submitted(visitor).location.startswith(f"{CALLBACK}?")


class TestCancel:
    def test_goes_back_refused_and_keeps_the_state(self, visitor: FlaskClient) -> None:
        answer = sent_back(submitted(visitor, cancel="yes"))
        assert (answer["error"], answer["state"]) == ("access_denied", "the state")


class TestAMadeUpPersonWithoutANameOrAddress:
    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "", "email": "a@b.example"},
            {"name": "A", "email": ""},
            {"name": "A", "email": "no address"},
            {"name": "A", "email": "a@b@c"},
        ],
    )
    def test_is_asked_for_again(self, visitor: FlaskClient, changes: dict[str, str]) -> None:
        response = submitted(visitor, person="new", **changes)
        assert (response.status_code, 'role="alert"' in response.text) == (400, True)

    def test_loses_nothing_of_the_request(self, visitor: FlaskClient) -> None:
        form = Form(submitted(visitor, person="new", name="", email="").text).fields
        assert {name: form[name] for name in LOGIN} == LOGIN


class TestTheToken:
    @pytest.fixture
    def code(self, visitor: FlaskClient) -> str:
        return sent_back(submitted(visitor))["code"]

    def test_is_given_for_the_code(self, visitor: FlaskClient, code: str) -> None:
        assert "id_token" in exchanged(visitor, code).get_json()

    def test_is_given_when_the_secret_is_in_the_form(self, visitor: FlaskClient, code: str) -> None:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        response = visitor.post("/token", data=form | {"client_id": "blog", "client_secret": SECRET})
        assert response.status_code == 200

    def test_is_given_once(self, visitor: FlaskClient, code: str) -> None:
        exchanged(visitor, code)
        assert exchanged(visitor, code).get_json()["error"] == "invalid_grant"

    def test_needs_a_fresh_code(self, visitor: FlaskClient, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dev.provider.CODE_SECONDS", 0)
        assert exchanged(visitor, code).get_json()["error"] == "invalid_grant"

    @pytest.mark.parametrize("verifier", ["w" * 64, "", CHALLENGE, "short", "\N{SNOWMAN}" * 64])
    def test_needs_the_right_verifier(self, visitor: FlaskClient, code: str, verifier: str) -> None:
        assert exchanged(visitor, code, code_verifier=verifier).status_code == 400

    def test_needs_the_same_redirect_uri(self, visitor: FlaskClient, code: str) -> None:
        assert exchanged(visitor, code, redirect_uri="http://elsewhere.example/").status_code == 400

    @pytest.mark.parametrize("secret", ["wrong", "\N{SNOWMAN}"])
    def test_needs_the_secret(self, visitor: FlaskClient, code: str, secret: str) -> None:
        assert exchanged(visitor, code, secret=secret).status_code == 401

    def test_needs_readable_credentials(self, visitor: FlaskClient, code: str) -> None:
        response = visitor.post(
            "/token",
            data={"grant_type": "authorization_code", "code": code},
            headers={"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        )
        assert response.status_code == 400


class TestTheClaims:
    @pytest.fixture
    def claims(self, visitor: FlaskClient) -> dict[str, Any]:
        return claims_of(visitor)

    def test_are_those_of_openid_connect(self, claims: dict[str, Any]) -> None:
        expected = {
            "iss": ISSUER,
            "aud": ["blog"],
            "nonce": "the nonce",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Brook",
        }
        assert {name: claims[name] for name in expected} == expected

    def test_expire(self, claims: dict[str, Any]) -> None:
        assert claims["exp"] > claims["iat"]

    def test_name_the_same_person_the_same_at_every_start(self, claims: dict[str, Any]) -> None:
        restarted = create_provider(ISSUER, "blog", SECRET, CALLBACK).test_client()
        assert claims_of(restarted)["sub"] == claims["sub"]

    def test_tell_people_apart(self, visitor: FlaskClient, claims: dict[str, Any]) -> None:
        assert claims_of(visitor, person="ben@example.com")["sub"] != claims["sub"]

    def test_leave_out_what_was_not_asked_for(self, visitor: FlaskClient) -> None:
        assert "email" not in claims_of(visitor, scope="openid")

    def test_of_a_made_up_person_are_as_typed(self, visitor: FlaskClient) -> None:
        claims = claims_of(visitor, person="new", name="Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", email="Z@b.example")
        assert (claims["name"], claims["email"]) == ("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "z@b.example")

    def test_say_when_an_address_is_not_verified(self, visitor: FlaskClient) -> None:
        form = Form(asked(visitor).text).fields | {"person": "new", "name": "A", "email": "a@b.example"}
        del form["email_verified"]
        code = sent_back(visitor.post("/authorize", data=form))["code"]
        assert decoded(visitor, exchanged(visitor, code))["email_verified"] is False

    def test_are_told_to_the_bearer_too(self, visitor: FlaskClient) -> None:
        token = exchanged(visitor, sent_back(submitted(visitor))["code"]).get_json()["access_token"]
        response = visitor.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert response.get_json()["email"] == "ada@example.com"

    @pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic eDp5", ""])
    def test_are_told_to_nobody_else(self, visitor: FlaskClient, header: str) -> None:
        assert visitor.get("/userinfo", headers={"Authorization": header}).status_code == 401


def claims_of(visitor: FlaskClient, **changes: str) -> dict[str, Any]:
    return decoded(visitor, exchanged(visitor, sent_back(submitted(visitor, **changes))["code"]))


def decoded(visitor: FlaskClient, response: TestResponse) -> dict[str, Any]:
    keys = KeySet.import_key_set(visitor.get("/jwks").get_json())
    return jwt.decode(response.get_json()["id_token"], keys, algorithms=["RS256"]).claims
