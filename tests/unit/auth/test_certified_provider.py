"""Logging in with a provider that we did not write."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.certified_provider import certified_provider, go_to
from tests.conftest import NewApp

pytestmark = pytest.mark.programs

CLIENT = {"client_id": "blog", "client_secret": "of a test, at another provider"}


@pytest.fixture(scope="module", params=["RS256", "ES256", "PS256"])
def issuer(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a provider that signs so, and tells the e-mail at its UserInfo endpoint alone."""
    with certified_provider(algorithm=request.param, userinfoOnly=True, **registered()) as issuer:
        yield issuer


@pytest.fixture
def visitor(new_app: NewApp, issuer: str) -> FlaskClient:
    """A browser, as far as cookies go."""
    return visitor_of(new_app, issuer)


def registered(**more: str) -> dict[str, object]:
    return {**CLIENT, "redirect_uris": ["http://localhost/auth/google/callback"], **more}


def visitor_of(new_app: NewApp, issuer: str) -> FlaskClient:
    settings = {"oidc_client_id": CLIENT["client_id"], "oidc_client_secret": CLIENT["client_secret"]}
    return new_app(oidc_issuer=issuer, **settings).test_client()


def log_in(visitor: FlaskClient, *, cancels: bool = False) -> TestResponse:
    """Go to the provider and come back: what the blog answers then."""
    back = urlsplit(go_to(visitor.get("/auth/google").headers["Location"], cancels=cancels))
    return visitor.get(back.path, query_string=back.query)


class TestAPerson:
    def test_is_let_in_by_their_name_and_address(self, visitor: FlaskClient) -> None:
        log_in(visitor)
        page = visitor.get("/blogs/shared").text
        assert ("Ada Lovelace" in page, "ada@example.com" in page) == (True, True)

    def test_is_let_in_by_a_key_that_is_newer_than_the_last_login(self, visitor: FlaskClient, issuer: str) -> None:
        log_in(visitor)
        requests.post(f"{issuer}/rotate", timeout=10)
        assert log_in(visitor).status_code == 303

    def test_may_think_better_of_it(self, visitor: FlaskClient) -> None:
        assert "The login was cancelled." in log_in(visitor, cancels=True).text


class TestAProviderThatTakesOneKindOfClientAuthentication:
    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_gets_that(self, new_app: NewApp, method: str) -> None:
        told = registered(token_endpoint_auth_method=method)
        with certified_provider(algorithm="RS256", userinfoOnly=False, **told) as issuer:
            assert log_in(visitor_of(new_app, issuer)).status_code == 303
