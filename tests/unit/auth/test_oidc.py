"""Who the provider says somebody is, and every answer that must not be believed."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.auth import oidc
from app.auth.oidc import Identity, Provider
from app.auth.session import Login
from app.errors import LoginFailed, ProviderUnavailable
from tests.unit.auth.stub_provider import StubProvider

LOGIN = Login(state="state", nonce="nonce", verifier="verifier" * 8, next="/blogs", at=0)


@pytest.fixture
def stub() -> Iterator[StubProvider]:
    stub = StubProvider()
    stub.claims["nonce"] = LOGIN.nonce
    yield stub
    stub.stop()


@pytest.fixture
def provider(stub: StubProvider) -> Provider:
    return Provider(
        stub.issuer, client_id="blog", client_secret="shared", redirect_uri="http://localhost/auth/google/callback"
    )


def identify(provider: Provider, **answer: str) -> Identity:
    return provider.identify(LOGIN, {"code": "code", **answer})


class TestTheAuthorizationUrl:
    @pytest.fixture(autouse=True)
    def built(self, provider: Provider) -> None:
        self.url = urlsplit(provider.authorization_url(LOGIN))
        self.query = {name: values[0] for name, values in parse_qs(self.url.query).items()}

    def test_is_the_discovered_one(self, stub: StubProvider) -> None:
        assert f"{self.url.scheme}://{self.url.netloc}{self.url.path}" == f"{stub.issuer}/authorize"

    def test_says_what_the_standard_asks(self) -> None:
        challenge = self.query.pop("code_challenge")
        assert len(challenge) == 43
        assert self.query == {
            "response_type": "code",
            "client_id": "blog",
            "redirect_uri": "http://localhost/auth/google/callback",
            "scope": "openid email profile",
            "state": LOGIN.state,
            "nonce": LOGIN.nonce,
            "code_challenge_method": "S256",
        }


class TestAnHonestAnswer:
    def test_tells_who_it_is(self, provider: Provider, stub: StubProvider) -> None:
        assert identify(provider) == Identity(stub.issuer, "42", "Ada", "ada@example.com", email_verified=True)

    def test_is_asked_for_with_the_verifier(self, provider: Provider, stub: StubProvider) -> None:
        identify(provider)
        body = next(body for path, body in stub.requests if path == "/token")
        assert parse_qs(body)["code_verifier"] == [LOGIN.verifier]

    def test_needs_discovery_and_keys_only_once(self, provider: Provider, stub: StubProvider) -> None:
        identify(provider)
        identify(provider)
        assert [path for path, _ in stub.requests].count("/jwks") == 1

    def test_counts_after_the_provider_changed_its_keys(self, provider: Provider, stub: StubProvider) -> None:
        identify(provider)
        stub.key = RSAKey.generate_key(2048, {"kid": "2"})
        assert identify(provider).subject == "42"

    def test_is_completed_from_userinfo(self, provider: Provider, stub: StubProvider) -> None:
        stub.claims["email"] = None
        stub.discovery["userinfo_endpoint"] = f"{stub.issuer}/userinfo"
        assert identify(provider).email == "userinfo@example.com"

    @pytest.mark.parametrize("claim", [None, False, "false", "yes", "TRUE", 2])
    def test_does_not_verify_the_email_unless_it_says_so(
        self, provider: Provider, stub: StubProvider, claim: object
    ) -> None:
        stub.claims["email_verified"] = claim
        assert not identify(provider).email_verified

    @pytest.mark.parametrize("name", [None, 7, "", "   ", ["Ada"]])
    def test_is_somebody_even_without_a_name(self, provider: Provider, stub: StubProvider, name: object) -> None:
        stub.claims["name"] = name
        assert identify(provider).name == "ada@example.com"


class TestAnAnswerNotToBeBelieved:
    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "another-blog"},
            {"aud": ["blog", "another-blog"]},
            {"aud": None},
            {"azp": "another-blog"},
            {"exp": 1},
            {"exp": "never"},
            {"exp": None},
            {"iat": None},
            {"iat": 2**40},
            {"sub": None},
            {"sub": ""},
            {"sub": 42},
            {"sub": "4" * 256},
            {"at_hash": "x"},
        ],
        ids=str,
    )
    def test_fails_the_login_by_its_claims(
        self, provider: Provider, stub: StubProvider, claims: dict[str, Any]
    ) -> None:
        stub.claims |= claims
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize("id_token", [None, "", "x", "a.b.c", 7, {}, "é.é.é"])
    def test_fails_the_login_by_an_id_token_that_is_none(
        self, provider: Provider, stub: StubProvider, id_token: object
    ) -> None:
        stub.token["id_token"] = id_token
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_a_stranger_signature(self, provider: Provider, stub: StubProvider) -> None:
        identify(provider)
        stub.key = RSAKey.generate_key(2048, {"kid": "1"})
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_no_signature(self, provider: Provider, stub: StubProvider) -> None:
        _, claims, _ = stub.id_token().split(".")
        stub.token["id_token"] = f"eyJhbGciOiJub25lIn0.{claims}."
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_a_public_key_used_as_a_password(self, provider: Provider, stub: StubProvider) -> None:
        secret = OctKey.import_key(stub.key.as_pem(private=False).hex())
        stub.token["id_token"] = jwt.encode({"alg": "HS256", "kid": "1"}, {"sub": "42"}, secret)
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize(
        "answer",
        [(400, b'{"error": "invalid_grant"}'), (200, b"[]"), (200, b"not json"), (200, b"{}"), (200, b"")],
        ids=str,
    )
    def test_fails_the_login_by_a_refused_or_odd_token(
        self, provider: Provider, stub: StubProvider, answer: tuple[int, bytes]
    ) -> None:
        stub.answers["/token"] = answer
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize("answer", [{"error": "access_denied"}, {"error": "x"}, {"code": ""}, {"iss": "https://e"}])
    def test_fails_the_login_by_what_the_browser_brought(self, provider: Provider, answer: dict[str, str]) -> None:
        with pytest.raises(LoginFailed):
            identify(provider, **answer)


class TestAnAnswerWithOddText:
    @pytest.mark.parametrize("sub", ["\ud800", "4\0", "é"])
    def test_in_its_subject_fails_the_login(self, provider: Provider, stub: StubProvider, sub: str) -> None:
        stub.claims["sub"] = sub
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_in_its_name_loses_only_that(self, provider: Provider, stub: StubProvider) -> None:
        stub.claims["name"] = "A\ud800d\0a"
        assert identify(provider).name == "Ada"

    def test_in_its_email_has_none(self, provider: Provider, stub: StubProvider) -> None:
        stub.claims["email"] = "a\ud800@example.com"
        assert identify(provider).email is None


class TestAUserinfoOfSomebodyElse:
    def test_is_not_used(self, provider: Provider, stub: StubProvider) -> None:
        stub.claims |= {"email": None, "sub": "43"}
        stub.discovery["userinfo_endpoint"] = f"{stub.issuer}/userinfo"
        assert identify(provider).email is None


class TestAProviderThatIs:
    @pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
    @pytest.mark.parametrize("state", ["broken", "redirecting", "silent", "trickling", "endless", "trickling headers"])
    def test_unusable_costs_one_login_and_little_time(
        self, provider: Provider, stub: StubProvider, monkeypatch: pytest.MonkeyPatch, path: str, state: str
    ) -> None:
        monkeypatch.setattr(oidc, "EXCHANGE_SECONDS", 0.5)
        match state:
            case "broken":
                stub.answers[path] = (500, b"oops")
            case "redirecting":
                stub.answers[path] = (302, b"")
            case "silent":
                stub.silent_at = path
            case "trickling":
                stub.trickling_at = path
            case "trickling headers":
                stub.trickling_headers_at = path
            case "endless":
                stub.answers[path] = (200, b" " * 300_000)
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert time.monotonic() - began < 5

    def test_down_is_unavailable(self, provider: Provider, stub: StubProvider) -> None:
        stub.stop()
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    @pytest.mark.parametrize(
        "discovery",
        [
            {"issuer": "https://evil.example"},
            {"authorization_endpoint": "http://evil.example/authorize"},
            {"token_endpoint": "http://evil.example/token"},
            {"jwks_uri": "file:///etc/passwd"},
            {"jwks_uri": None},
            {"userinfo_endpoint": "http://evil.example/me"},
        ],
        ids=str,
    )
    def test_badly_described_is_not_used(
        self, provider: Provider, stub: StubProvider, discovery: dict[str, Any]
    ) -> None:
        stub.discovery |= discovery
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"issuer": 7}'], ids=str)
    def test_described_by_no_document_is_not_used(self, provider: Provider, stub: StubProvider, body: bytes) -> None:
        stub.answers["/.well-known/openid-configuration"] = (200, body)
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    def test_well_again_is_used_again(self, provider: Provider, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (500, b"")
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        stub.answers.clear()
        assert identify(provider).subject == "42"
