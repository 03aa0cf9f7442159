"""Who the provider says somebody is, and every answer that must not be believed."""

import json
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from joserfc.util import urlsafe_b64encode
from structlog.testing import capture_logs

from app.auth import exchange
from app.auth.discovery import Discovery
from app.auth.oidc import Identity, OidcClient
from app.auth.session import Login
from app.errors import LoginCancelled, LoginFailed, ProviderUnavailable
from tests.forge.redis_server import until
from tests.unit.auth.stub_provider import KEY, StubProvider

LOGIN = Login(state="state", nonce="nonce", verifier="verifier" * 8, next="/blogs", at=0)
DISCOVERY = "/.well-known/openid-configuration"
BASIC, POST = "client_secret_basic", "client_secret_post"
DEEP = b"[" * 90_000
# What an exchange with the provider may take where it is to take too long.
SHORTLY = 0.2
ODD_KEYS: list[Any] = [
    None,
    7,
    [[]],
    {},
    {"kty": ["RSA"]},
    {"kty": "RSA"},
    {"kty": "RSA", "n": 7, "e": "AQAB"},
    {"kty": "RSA", "n": "", "e": ""},
    {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "oct", "k": ""},
    {"kty": "oct", "k": "AA", "use": ["sig"], "key_ops": 7},
]


@pytest.fixture
def stub() -> Iterator[StubProvider]:
    stub = StubProvider()
    stub.claims["nonce"] = LOGIN.nonce
    yield stub
    stub.stop()


@pytest.fixture
def provider(stub: StubProvider) -> OidcClient:
    return provider_at(stub.issuer)


def provider_at(issuer: str) -> OidcClient:
    return OidcClient(
        issuer, client_id="blog", client_secret="shared", redirect_uri="http://localhost/auth/google/callback"
    )


@pytest.fixture
def userinfo(stub: StubProvider) -> dict[str, Any]:
    """What the provider tells at its UserInfo endpoint only."""
    stub.claims |= {"email": None, "email_verified": None}
    stub.discovery["userinfo_endpoint"] = f"{stub.issuer}/userinfo"
    return stub.userinfo


def identify(provider: OidcClient, **answer: str) -> Identity:
    return provider.identify(LOGIN, {"code": "code", **answer})


def travel(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


class TestTheAuthorizationUrl:
    @pytest.fixture(autouse=True)
    def built(self, provider: OidcClient) -> None:
        self.url = urlsplit(provider.authorization_url(LOGIN))
        self.query = {name: values[0] for name, values in parse_qs(self.url.query).items()}

    def test_is_the_discovered_one(self, stub: StubProvider) -> None:
        assert f"{self.url.scheme}://{self.url.netloc}{self.url.path}" == f"{stub.issuer}/authorize"

    def test_says_what_the_standard_asks(self) -> None:
        challenge = self.query.pop("code_challenge", "")
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
    def test_tells_who_it_is(self, provider: OidcClient, stub: StubProvider) -> None:
        assert identify(provider) == Identity(stub.issuer, "42", "Ada", "ada@example.com", email_verified=True)

    def test_is_asked_for_with_the_verifier(self, provider: OidcClient, stub: StubProvider) -> None:
        identify(provider)
        assert parse_qs(stub.body("/token")).get("code_verifier") == [LOGIN.verifier]

    def test_needs_one_fetch_for_all_who_wait(self, stub: StubProvider) -> None:
        discovery, gate = Discovery(stub.issuer), Event()
        discovery._thread.submit(gate.wait, 10)
        first, second = (discovery._begin() for _ in range(2))
        gate.set()
        assert first is second

    def test_needs_discovery_and_keys_only_once(self, provider: OidcClient, stub: StubProvider) -> None:
        identify(provider)
        identify(provider)
        assert (stub.asked(DISCOVERY), stub.asked("/jwks")) == (1, 1)

    @pytest.mark.parametrize(
        ("algorithm", "key"),
        [("RS256", KEY), ("PS256", KEY), ("ES256", ECKey.generate_key("P-256", {"kid": "1"}))],
        ids=["RS256", "PS256", "ES256"],
    )
    def test_may_be_signed_in_three_ways(
        self, provider: OidcClient, stub: StubProvider, algorithm: str, key: Key
    ) -> None:
        stub.algorithm, stub.key = algorithm, key
        assert identify(provider).subject == "42"

    @pytest.mark.parametrize("claims", [{"iat": 30, "exp": 90}, {"iat": -90, "exp": -30}], ids=str)
    def test_may_be_of_a_clock_that_is_half_a_minute_off(
        self, provider: OidcClient, stub: StubProvider, claims: dict[str, int]
    ) -> None:
        stub.claims |= {name: int(time.time()) + seconds for name, seconds in claims.items()}
        assert identify(provider).subject == "42"

    def test_reaches_the_same_machine_past_a_proxy(self, provider: OidcClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "")
        assert identify(provider).subject == "42"

    def test_is_complete_when_it_has_an_email(
        self, provider: OidcClient, stub: StubProvider, userinfo: dict[str, Any]
    ) -> None:
        stub.claims["email"] = "ada@example.com"
        assert (identify(provider).email, stub.asked("/userinfo")) == ("ada@example.com", 0)

    @pytest.mark.usefixtures("userinfo")
    def test_is_completed_from_userinfo(self, provider: OidcClient) -> None:
        assert identify(provider).email == "userinfo@example.com"

    def test_is_taken_without_an_email_where_there_is_no_userinfo(
        self, provider: OidcClient, stub: StubProvider
    ) -> None:
        stub.claims["email"] = None
        assert identify(provider).email is None

    @pytest.mark.parametrize("value", ["-1", "1e999", "9" * 400, '"never"', "[]", "{}", "null"])
    @pytest.mark.parametrize("name", ["expires_in", "expires_at"])
    def test_may_say_anything_odd_beside_its_tokens(
        self, provider: OidcClient, stub: StubProvider, name: str, value: str
    ) -> None:
        _, token = stub.response_to("/token")
        stub.answers["/token"] = (200, token.replace(b"{", f'{{"{name}": {value}, '.encode(), 1))
        assert identify(provider).subject == "42"

    @pytest.mark.parametrize("claim", [None, False, "false", "yes", "TRUE", 2])
    def test_does_not_verify_the_email_unless_it_says_so(
        self, provider: OidcClient, stub: StubProvider, claim: object
    ) -> None:
        stub.claims["email_verified"] = claim
        assert not identify(provider).email_verified

    @pytest.mark.parametrize("name", [None, 7, "", "   ", ["Ada"]])
    def test_is_somebody_even_without_a_name(self, provider: OidcClient, stub: StubProvider, name: object) -> None:
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
            {"aud": "another-blog", "azp": "blog"},
            {"aud": ["another-blog"], "azp": "blog"},
            {"aud": [], "azp": "blog"},
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
            {"sub": ["42"]},
            {"sub": "4" * 256},
            {"sub": "4\n2"},
            {"at_hash": "x"},
            {"at_hash": {"x": []}},
            {"email": float("nan")},
        ],
        ids=str,
    )
    def test_fails_the_login_by_its_claims(
        self, provider: OidcClient, stub: StubProvider, claims: dict[str, Any]
    ) -> None:
        stub.claims |= claims
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize(
        "claims", [b"", b"[]", b"not json", DEEP, b'{"sub": ' + DEEP], ids=lambda claims: claims[:9]
    )
    def test_fails_the_login_by_claims_that_are_none(
        self, provider: OidcClient, stub: StubProvider, claims: bytes
    ) -> None:
        stub.token["id_token"] = stub.signed(claims)
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize(
        "header", [b"", b"[]", b'["alg"]', b'"alg"', b'{"alg": "RS256", "kid": ' + DEEP[:350]], ids=str
    )
    def test_fails_the_login_by_a_header_that_is_none(
        self, provider: OidcClient, stub: StubProvider, header: bytes
    ) -> None:
        _, claims, signature = stub.id_token().split(".")
        stub.token["id_token"] = f"{urlsafe_b64encode(header).decode()}.{claims}.{signature}"
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize("id_token", [None, "", "x", "a.b.c", 7, {}, [7], "é.é.é"])
    def test_fails_the_login_by_an_id_token_that_is_none(
        self, provider: OidcClient, stub: StubProvider, id_token: object
    ) -> None:
        stub.token["id_token"] = id_token
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_a_stranger_signature(self, provider: OidcClient, stub: StubProvider) -> None:
        identify(provider)
        stub.key = RSAKey.generate_key(2048, {"kid": "1"})
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_no_signature(self, provider: OidcClient, stub: StubProvider) -> None:
        _, claims, _ = stub.id_token().split(".")
        stub.token["id_token"] = f"eyJhbGciOiJub25lIn0.{claims}."
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize(
        ("algorithm", "key"),
        [
            ("HS256", OctKey.generate_key(256, {"kid": "1"})),
            ("RS512", KEY),
            ("ES384", ECKey.generate_key("P-384", {"kid": "1"})),
        ],
        ids=["HS256", "RS512", "ES384"],
    )
    def test_fails_the_login_by_another_kind_of_signature(
        self, provider: OidcClient, stub: StubProvider, algorithm: str, key: Key
    ) -> None:
        stub.algorithm, stub.key = algorithm, key
        stub.answers["/jwks"] = (200, json.dumps({"keys": [key.as_dict()]}).encode())
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_fails_the_login_by_a_public_key_used_as_a_password(self, provider: OidcClient, stub: StubProvider) -> None:
        secret = OctKey.import_key(KEY.as_pem(private=False).hex())
        stub.token["id_token"] = jwt.encode({"alg": "HS256", "kid": "1"}, {"sub": "42"}, secret)
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize(
        "answer",
        [
            (400, b'{"error": "invalid_grant"}'),
            (400, b'{"error": [7], "error_description": {}}'),
            (400, DEEP),
            (414, b"<html>"),
            (200, b'{"error": "invalid_grant"}'),
            (200, b"[]"),
            (200, b"not json"),
            (200, b"{}"),
            (200, b""),
            (200, DEEP),
            (200, b'{"expires_in": NaN}'),
        ],
        ids=lambda answer: f"{answer[0]} {answer[1][:30]}",
    )
    def test_fails_the_login_by_a_refused_or_odd_token(
        self, provider: OidcClient, stub: StubProvider, answer: tuple[int, bytes]
    ) -> None:
        stub.answers["/token"] = answer
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_tells_the_log_why_the_provider_refused(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/token"] = (401, b'{"error": "invalid_client", "error_description": "No such client"}')
        with pytest.raises(LoginFailed) as failed:
            identify(provider)
        assert str(failed.value.__cause__) == "invalid_client: No such client"

    @pytest.mark.parametrize("answer", [{"error": "access_denied"}, {"error": "x"}, {"code": ""}, {"iss": "https://e"}])
    def test_fails_the_login_by_what_the_browser_brought(self, provider: OidcClient, answer: dict[str, str]) -> None:
        with pytest.raises(LoginFailed):
            identify(provider, **answer)


class TestAPersonWhoCancelled:
    def test_is_told_so(self, provider: OidcClient) -> None:
        with pytest.raises(LoginCancelled):
            identify(provider, error="access_denied")


class TestAnAnswerWithOddText:
    @pytest.mark.parametrize("sub", ["4\0", "é"])
    def test_in_its_subject_fails_the_login(self, provider: OidcClient, stub: StubProvider, sub: str) -> None:
        stub.claims["sub"] = sub
        with pytest.raises(LoginFailed):
            identify(provider)

    @pytest.mark.parametrize("claim", ["sub", "name", "email"])
    def test_that_is_not_unicode_fails_the_login(self, provider: OidcClient, stub: StubProvider, claim: str) -> None:
        stub.claims[claim] = "a\ud800@example.com"
        with pytest.raises(LoginFailed):
            identify(provider)

    def test_in_its_name_loses_only_that(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.claims["name"] = "A\0d\u202ea"
        assert identify(provider).name == "Ada"

    @pytest.mark.parametrize("email", ["a\0@example.com", "a@example.com" * 30])
    def test_in_its_email_has_none(self, provider: OidcClient, stub: StubProvider, email: str) -> None:
        stub.claims |= {"email": email, "email_verified": True}
        assert (identify(provider).email, identify(provider).email_verified) == (None, False)

    def test_that_is_long_has_a_short_name(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.claims["name"] = "A" * 10_000
        assert identify(provider).name == "A" * 200


class TestAUserinfo:
    @pytest.mark.parametrize("sub", ["43", None, 42, ["42"]])
    def test_of_somebody_else_is_not_used(self, provider: OidcClient, userinfo: dict[str, Any], sub: object) -> None:
        userinfo["sub"] = sub
        assert identify(provider).email is None

    def test_changes_nothing_that_was_signed(
        self, provider: OidcClient, stub: StubProvider, userinfo: dict[str, Any]
    ) -> None:
        userinfo |= {"iss": "https://evil.example", "name": "Eve"}
        identity = identify(provider)
        assert (identity.issuer, identity.name) == (stub.issuer, "Ada")

    @pytest.mark.parametrize(
        "odd", [{"email": 7}, {"email": []}, {"email_verified": {}}, {"email_verified": "yes"}], ids=str
    )
    def test_of_odd_shape_verifies_no_email(
        self, provider: OidcClient, userinfo: dict[str, Any], odd: dict[str, Any]
    ) -> None:
        userinfo |= odd
        assert not identify(provider).email_verified

    @pytest.mark.usefixtures("userinfo")
    @pytest.mark.parametrize("token", [{"token_type": "MAC"}, {"access_token": None}, {"access_token": [7]}], ids=str)
    def test_that_no_token_opens_fails_the_login(
        self, provider: OidcClient, stub: StubProvider, token: dict[str, Any]
    ) -> None:
        stub.token |= token
        with pytest.raises(LoginFailed):
            identify(provider)


class TestAProviderWithNewKeys:
    @pytest.fixture(autouse=True)
    def rotated(self, provider: OidcClient, stub: StubProvider) -> None:
        identify(provider)
        stub.key = RSAKey.generate_key(2048, {"kid": "2"})

    def test_is_believed_at_the_next_login(self, provider: OidcClient) -> None:
        assert identify(provider).subject == "42"

    def test_is_believed_at_the_next_two_logins_at_once(self, provider: OidcClient, stub: StubProvider) -> None:
        with ThreadPoolExecutor(2) as people:
            subjects = set(people.map(lambda _: identify(provider).subject, range(2)))
        assert (subjects, stub.asked("/jwks")) == ({"42"}, 2)

    def test_is_believed_by_the_old_ones_while_it_cannot_tell(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (500, b"")
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        stub.key = KEY
        assert identify(provider).subject == "42"

    def test_is_asked_for_them_once_while_it_cannot_tell(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (500, b"")
        for _ in range(3):
            with pytest.raises((LoginFailed, ProviderUnavailable)):
                identify(provider)
        assert stub.asked("/jwks") == 2


class TestAProviderThatNamesKeysItDoesNotHave:
    @pytest.fixture(autouse=True)
    def named(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = stub.response_to("/jwks")
        stub.key = RSAKey.generate_key(2048, {"kid": "2"})
        for _ in range(3):
            with pytest.raises(LoginFailed):
                identify(provider)

    def test_is_asked_for_its_keys_once_more(self, stub: StubProvider) -> None:
        assert stub.asked("/jwks") == 2

    def test_is_asked_again_after_a_minute(
        self, provider: OidcClient, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stub.answers.clear()
        travel(monkeypatch, 61)
        assert identify(provider).subject == "42"


class TestAProviderThatIs:
    @pytest.mark.usefixtures("userinfo")
    @pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks", "/userinfo"])
    @pytest.mark.parametrize("state", ["broken", "redirecting", "silent", "trickling", "far too talkative"])
    def test_unusable_costs_one_login_and_little_time(
        self, provider: OidcClient, stub: StubProvider, monkeypatch: pytest.MonkeyPatch, path: str, state: str
    ) -> None:
        if path not in (DISCOVERY, "/jwks"):
            provider.authorization_url(LOGIN)
        monkeypatch.setattr(exchange, "EXCHANGE_SECONDS", SHORTLY)
        status, answer = stub.response_to(path)
        match state:
            case "broken":
                stub.answers[path] = (500, answer)
            case "redirecting":
                stub.answers[path] = (307, b"")
            case "silent":
                stub.silent_at = path
            case "trickling":
                stub.trickling_at, stub.wire[path] = path, b"HTTP/1.0 200 OK\r\n\r\n" + answer
            case "far too talkative":
                stub.answers[path] = (status, answer + b" " * 300_000)
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert time.monotonic() - began < 5

    def test_slow_to_be_found_costs_little_time(
        self, provider: OidcClient, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exchange, "EXCHANGE_SECONDS", SHORTLY)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: stub.released.wait(10) and [])
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert time.monotonic() - began < 5

    def test_slow_is_given_up_within_five_seconds(self) -> None:
        assert exchange.EXCHANGE_SECONDS < 5

    def test_down_is_unavailable(self, provider: OidcClient, stub: StubProvider) -> None:
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
            {"userinfo_endpoint": "http://["},
        ],
        ids=str,
    )
    def test_badly_described_is_not_used(
        self, provider: OidcClient, stub: StubProvider, discovery: dict[str, Any]
    ) -> None:
        stub.discovery |= discovery
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    @pytest.mark.parametrize(
        "url",
        [
            7,
            ["https://login.example/"],
            "",
            "https://",
            "ftp://127.0.0.1/login",
            "https:///login",
            "//login.example/",
            "https:/login.example/",
            "http://[",
            "https://[::1",
            "https://login.example:b/",
            "https://login.example:99999/",
            "https://login.example:0/",
            "https://login.example:\u0661/",
            "https://ada@login.example/",
            "https://ada:secret@login.example/",
            "https://login.example\\@evil.example/",
            "https://login.example\\.evil.example/",
            "https://login.example/\n",
            "https://login.example/a b",
            "https://login.example/\0",
            "https://login.example/\x7f",
            "https://login.example/é",
            "https://\u2100.example/",
            "https://login.example/#fragment",
            f"https://login.example/{'a' * 100_000}",
        ],
        ids=lambda url: str(url)[:40],
    )
    def test_at_an_odd_address_is_not_used(self, provider: OidcClient, stub: StubProvider, url: object) -> None:
        stub.discovery["authorization_endpoint"] = url
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    def test_at_an_address_with_a_query_keeps_it(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.discovery["authorization_endpoint"] = "https://login.example:8443/authorize?tenant=7"
        url = provider.authorization_url(LOGIN)
        assert url.startswith("https://login.example:8443/authorize?tenant=7&response_type=code&")

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"issuer": 7}', DEEP], ids=lambda body: body[:9])
    def test_described_by_no_document_is_not_used(self, provider: OidcClient, stub: StubProvider, body: bytes) -> None:
        stub.answers[DISCOVERY] = (200, body)
        with pytest.raises(ProviderUnavailable):
            provider.authorization_url(LOGIN)

    def test_well_again_is_used_again(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (500, b"")
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        stub.answers.clear()
        assert identify(provider).subject == "42"


class TestAnAnswerAgainstTheRulesOfHttp:
    @pytest.mark.parametrize("path", [DISCOVERY, "/token"])
    @pytest.mark.parametrize(
        "wire",
        [
            b"",
            b"\0\xff",
            b"HTTP/1.1 99999 OK\r\n\r\n",
            b"HTTP/1.1 200 " + b"x" * 70_000,
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
            b"HTTP/1.1 302 Found\r\nLocation: \xff\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9, 8\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
        ids=lambda wire: wire[:60],
    )
    def test_is_none(self, provider: OidcClient, stub: StubProvider, path: str, wire: bytes) -> None:
        stub.wire[path] = wire
        with pytest.raises(ProviderUnavailable):
            identify(provider)


class TestAKeySet:
    @pytest.mark.parametrize("odd", ODD_KEYS, ids=str)
    def test_may_have_an_odd_key_beside_a_good_one(self, provider: OidcClient, stub: StubProvider, odd: object) -> None:
        stub.answers["/jwks"] = (200, json.dumps({"keys": [odd, stub.key.as_dict(private=False)]}).encode())
        assert identify(provider).subject == "42"

    @pytest.mark.parametrize("keys", [None, 7, "x", {}, {"kty": "RSA"}, [], ODD_KEYS], ids=lambda keys: str(keys)[:20])
    def test_without_a_good_key_makes_the_provider_unavailable(
        self, provider: OidcClient, stub: StubProvider, keys: object
    ) -> None:
        stub.answers["/jwks"] = (200, json.dumps({"keys": keys}).encode())
        with pytest.raises(ProviderUnavailable):
            identify(provider)

    def test_with_a_private_key_is_not_used(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/jwks"] = (200, json.dumps({"keys": [stub.key.as_dict(private=True)]}).encode())
        with pytest.raises(ProviderUnavailable):
            identify(provider)


class TestAnAnswerThatDoesNotEnd:
    @pytest.mark.parametrize(
        "beginning",
        [
            b"HTTP/1.0 200",
            b"HTTP/1.0 200 OK\r\nX-Slow:",
            b"HTTP/1.0 200 OK\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\x03a-file-name",
        ],
        ids=["in its status", "in its headers", "in its body", "in the size of a chunk", "in a compressed file's name"],
    )
    def test_is_hung_up_on(
        self, provider: OidcClient, stub: StubProvider, monkeypatch: pytest.MonkeyPatch, beginning: bytes
    ) -> None:
        provider.authorization_url(LOGIN)
        monkeypatch.setattr(exchange, "EXCHANGE_SECONDS", SHORTLY)
        stub.trickling_at, stub.wire["/token"] = "/token", beginning
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert stub.hung_up.wait(10)

    def test_is_hung_up_on_when_it_has_not_begun(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exchange, "EXCHANGE_SECONDS", SHORTLY)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            issuer = f"https://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(ProviderUnavailable):
                provider_at(issuer).authorization_url(LOGIN)
            connection, _ = silent.accept()
            with connection, connection.makefile("rb") as hello:
                connection.settimeout(10)
                assert hello.read()

    def test_is_hung_up_on_when_it_is_too_large(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers["/token"] = (200, b" " * 50_000_000)
        with pytest.raises(ProviderUnavailable) as still_known:
            identify(provider)
        assert stub.hung_up.wait(10), still_known


class TestWhileTwoWaitForTheProvider:
    @pytest.fixture(autouse=True)
    def waiting(self, provider: OidcClient, stub: StubProvider) -> Iterator[None]:
        provider.authorization_url(LOGIN)
        stub.silent_at = "/token"
        with ThreadPoolExecutor(2) as people:
            for _ in range(2):
                people.submit(identify, provider)
            until(lambda: stub.asked("/token") == 2)
            yield
            stub.released.set()

    def test_the_next_one_is_told_so_at_once(self, provider: OidcClient, stub: StubProvider) -> None:
        with pytest.raises(ProviderUnavailable, match="Many people"):
            identify(provider)
        assert stub.asked("/token") == 2

    def test_the_log_is_told_once_of_all_that_come(self, provider: OidcClient) -> None:
        with capture_logs() as lines:
            for _ in range(3):
                with pytest.raises(ProviderUnavailable):
                    identify(provider)
        assert [(line["event"], line["dependency"]) for line in lines] == [("bulkhead full", "provider")]

    def test_the_next_one_may_still_begin(self, provider: OidcClient, stub: StubProvider) -> None:
        assert provider.authorization_url(LOGIN).startswith(stub.issuer)


class TestWhileTwoWaitForWhatTheProviderSaysOfItself:
    @pytest.fixture(autouse=True)
    def waiting(self, provider: OidcClient, stub: StubProvider) -> Iterator[None]:
        stub.silent_at = DISCOVERY
        with ThreadPoolExecutor(2) as people:
            for _ in range(2):
                people.submit(provider.authorization_url, LOGIN)
            until(lambda: stub.asked(DISCOVERY) and provider._places._value == 0)
            yield
            stub.released.set()

    def test_the_next_one_is_told_so_at_once(self, provider: OidcClient) -> None:
        with pytest.raises(ProviderUnavailable, match="Many people"):
            provider.authorization_url(LOGIN)

    def test_it_is_asked_once(self, stub: StubProvider) -> None:
        assert stub.asked(DISCOVERY) == 1


class TestWhatAProviderSaysOfItself:
    @pytest.fixture(autouse=True)
    def an_hour_ago(self, provider: OidcClient, monkeypatch: pytest.MonkeyPatch) -> None:
        identify(provider)
        travel(monkeypatch, 3601)

    def test_is_asked_for_anew(self, provider: OidcClient, stub: StubProvider) -> None:
        provider.authorization_url(LOGIN)
        until(lambda: (stub.asked(DISCOVERY), stub.asked("/jwks")) == (2, 2))

    def test_counts_as_long_as_no_answer_has_come(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.silent_at = DISCOVERY
        assert identify(provider).subject == "42"

    def test_counts_when_there_is_none(self, provider: OidcClient, stub: StubProvider) -> None:
        stub.answers[DISCOVERY] = (500, b"")
        provider.authorization_url(LOGIN)
        until(provider._discovery._fetch.done)
        assert identify(provider).subject == "42"

    def test_is_asked_for_once_a_minute_then(
        self, provider: OidcClient, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stub.answers[DISCOVERY] = (500, b"")
        for _ in range(3):
            provider.authorization_url(LOGIN)
            until(provider._discovery._fetch.done)
        assert stub.asked(DISCOVERY) == 2
        travel(monkeypatch, 61)
        provider.authorization_url(LOGIN)
        until(lambda: stub.asked(DISCOVERY) == 3)


class TestAfterThreeLoginsThatGotNoAnswer:
    @pytest.fixture(params=["silent", "trickling"], autouse=True)
    def given_up(self, provider: OidcClient, stub: StubProvider, request: pytest.FixtureRequest) -> None:
        provider.authorization_url(LOGIN)
        if request.param == "silent":
            stub.silent_at = "/token"
        else:
            stub.trickling_at, stub.wire["/token"] = "/token", b"HTTP/1.0 200 OK\r\nX-Slow:"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exchange, "EXCHANGE_SECONDS", SHORTLY)
            for _ in range(3):
                with pytest.raises(ProviderUnavailable):
                    identify(provider)
        stub.silent_at = stub.trickling_at = ""
        stub.wire.clear()

    def test_the_next_one_is_not_even_tried(self, provider: OidcClient, stub: StubProvider) -> None:
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert stub.asked("/token") == 3

    def test_the_next_one_may_still_begin(self, provider: OidcClient, stub: StubProvider) -> None:
        assert provider.authorization_url(LOGIN).startswith(stub.issuer)

    def test_the_next_one_succeeds_a_moment_later(self, provider: OidcClient, monkeypatch: pytest.MonkeyPatch) -> None:
        travel(monkeypatch, 2)
        assert identify(provider).subject == "42"


class TestAfterManyLoginsThatWereRefused:
    @pytest.mark.parametrize("status", [400, 500])
    def test_the_next_one_is_tried(self, provider: OidcClient, stub: StubProvider, status: int) -> None:
        stub.answers["/token"] = (status, b"{}")
        for _ in range(4):
            with pytest.raises((LoginFailed, ProviderUnavailable)):
                identify(provider)
        stub.answers.clear()
        assert identify(provider).subject == "42"


class TestTheBlogAtTheTokenEndpoint:
    @pytest.fixture
    def provider(self, stub: StubProvider) -> OidcClient:
        return OidcClient(stub.issuer, client_id="blog", client_secret="a:b%2 +é", redirect_uri="http://localhost/")

    @pytest.mark.parametrize(
        "methods",
        [{}, *({"token_endpoint_auth_methods_supported": each} for each in ([BASIC], [POST, BASIC]))],
        ids=str,
    )
    def test_says_its_secret_in_a_header(
        self, provider: OidcClient, stub: StubProvider, methods: dict[str, Any]
    ) -> None:
        stub.discovery |= methods
        identify(provider)
        _, pair = str(stub.authorization["/token"]).split(" ")
        told = [unquote_plus(part) for part in b64decode(pair).decode().split(":")]
        assert (told, "client_secret" in stub.body("/token")) == (["blog", "a:b%2 +é"], False)

    def test_says_its_secret_in_the_body_where_only_that_is_taken(
        self, provider: OidcClient, stub: StubProvider
    ) -> None:
        stub.discovery["token_endpoint_auth_methods_supported"] = ["private_key_jwt", POST]
        identify(provider)
        told = parse_qs(stub.body("/token"))
        assert (told["client_id"], told["client_secret"]) == (["blog"], ["a:b%2 +é"])
        assert stub.authorization["/token"] is None

    @pytest.mark.parametrize(
        "methods", [["private_key_jwt"], ["none"], [], "client_secret_post", None, 7, [[]]], ids=str
    )
    def test_says_nothing_where_neither_is(self, provider: OidcClient, stub: StubProvider, methods: object) -> None:
        stub.discovery["token_endpoint_auth_methods_supported"] = methods
        with pytest.raises(ProviderUnavailable):
            identify(provider)
        assert stub.asked("/token") == 0
