"""Logging in by OpenID Connect's authorization code flow, with state, nonce and PKCE. Knows no web framework.

Follows OpenID Connect Core 1.0 (3.1), Discovery 1.0 and RFC 7636. Authlib builds the requests and checks the claims;
this module sees to it that a slow, broken or hostile provider costs one login and never more than its time limit.
"""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key

from app.auth.exchange import Exchange, json_object
from app.auth.session import Login
from app.errors import LoginCancelled, LoginFailed, ProviderUnavailable
from app.setting_checks import is_loopback

T = TypeVar("T")

SCOPE = "openid email profile"
ALGORITHMS = ("RS256", "ES256", "PS256")
CLOCK_SKEW_SECONDS = 60
EXCHANGE_SECONDS = 4.0
STEPS_AT_ONCE = 8
DISCOVERY_SECONDS = 3600
UNKNOWN_KEY_SECONDS = 60
CLIENT_AUTHENTICATION = "client_secret_basic"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Identity:
    """Who the provider says this is. The e-mail counts as theirs only when it is verified."""

    issuer: str
    subject: str
    name: str
    email: str | None
    email_verified: bool


class OidcClient:
    """One issuer, as discovered, and this blog's registration there."""

    def __init__(self, issuer: str, *, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self._client = {"client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri}
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._discovered_at = float("-inf")
        self._unknown_key = Lock()
        self._unknown_key_at = float("-inf")
        self._steps = ThreadPoolExecutor(STEPS_AT_ONCE, thread_name_prefix="oidc")

    def authorization_url(self, login: Login) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        return self._in_time(lambda exchange: self._authorization_url(exchange, login))

    def identify(self, login: Login, answer: Mapping[str, str]) -> Identity:
        """Who came back from the provider with this answer. Raises LoginFailed or ProviderUnavailable."""
        if answer.get("error") == "access_denied":
            raise LoginCancelled
        if "error" in answer or not answer.get("code") or answer.get("iss", self.issuer) != self.issuer:
            raise LoginFailed
        return self._in_time(lambda exchange: self._identify(exchange, login, answer["code"]))

    def _in_time(self, step: Callable[[Exchange], T]) -> T:
        # From now on, not from when a thread is free: a step whose caller has gone ends at its first request.
        deadline = time.monotonic() + EXCHANGE_SECONDS

        def run() -> T:
            with self._exchange(deadline) as exchange:
                return step(exchange)

        try:
            # The step ends by itself at its deadline, but for a slow name server.
            return self._steps.submit(run).result(EXCHANGE_SECONDS)
        except TimeoutError:
            raise ProviderUnavailable from None

    def _exchange(self, deadline: float) -> Exchange:
        client = Exchange(
            deadline,
            **self._client,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint_auth_method=CLIENT_AUTHENTICATION,
        )
        # A proxy of the environment must not stand between the blog and a provider on the same machine.
        client.trust_env = not is_loopback(urlsplit(self.issuer).hostname)
        return client

    def _authorization_url(self, exchange: Exchange, login: Login) -> str:
        url, _ = exchange.create_authorization_url(
            self._discover(exchange)["authorization_endpoint"],
            state=login.state,
            nonce=login.nonce,
            code_verifier=login.verifier,
        )
        return str(url)

    def _identify(self, exchange: Exchange, login: Login, code: str) -> Identity:
        metadata = self._discover(exchange)
        try:
            token = exchange.fetch_token(metadata["token_endpoint"], code=code, code_verifier=login.verifier)
            claims = self._checked_claims(exchange, token, login.nonce)
            return _identity({**self._userinfo(exchange, claims), **claims})
        except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError) as error:
            raise LoginFailed from error

    def _discover(self, exchange: Exchange) -> dict[str, Any]:
        if time.monotonic() - self._discovered_at > DISCOVERY_SECONDS:
            document = exchange.document(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._metadata = _vetted(document, self.issuer)
            self._keys = None
            self._discovered_at = time.monotonic()
        return self._metadata

    def _checked_claims(self, exchange: Exchange, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        signed = self._signed(exchange, token["id_token"])
        claims = CodeIDToken(
            json_object(signed.payload),
            signed.headers(),
            options={"iss": {"value": self.issuer}, "aud": {"value": self._client["client_id"]}},
            params={"nonce": nonce, "client_id": self._client["client_id"], "access_token": token.get("access_token")},
        )
        claims.validate(leeway=CLOCK_SKEW_SECONDS)
        return dict(claims)

    def _signed(self, exchange: Exchange, id_token: str) -> jws.CompactSignature:
        try:
            return _verified(id_token, self._key_set(exchange))
        except InvalidKeyIdError:
            # The provider may have rotated its keys since they were fetched.
            return _verified(id_token, self._newer_key_set(exchange))

    def _key_set(self, exchange: Exchange) -> KeySet:
        return self._keys or self._fetched_keys(exchange)

    def _newer_key_set(self, exchange: Exchange) -> KeySet:
        # A provider gone wrong may name another unknown key in every token.
        with self._unknown_key:
            if time.monotonic() - self._unknown_key_at > UNKNOWN_KEY_SECONDS:
                self._unknown_key_at = time.monotonic()
                return self._fetched_keys(exchange)
        return self._key_set(exchange)

    def _fetched_keys(self, exchange: Exchange) -> KeySet:
        self._keys = _public_keys(exchange.document(self._metadata["jwks_uri"]))
        return self._keys

    def _userinfo(self, exchange: Exchange, claims: dict[str, Any]) -> dict[str, Any]:
        """More claims from the UserInfo endpoint, where the id_token leaves the e-mail out (Core 5.3)."""
        if "email" in claims or "userinfo_endpoint" not in self._metadata:
            return {}
        info = exchange.document(self._metadata["userinfo_endpoint"], withhold_token=False)
        return info if info.get("sub") == claims["sub"] else {}


def _verified(id_token: str, keys: KeySet) -> jws.CompactSignature:
    return jws.deserialize_compact(id_token, keys, ALGORITHMS)


def _vetted(document: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The discovery document, unless a login must not rely on it (Discovery 1.0, 4.3)."""
    names = ENDPOINTS + (("userinfo_endpoint",) if "userinfo_endpoint" in document else ())
    if document.get("issuer") != issuer or not all(_is_endpoint(document.get(name)) for name in names):
        raise ProviderUnavailable
    return document


def _is_endpoint(url: Any) -> bool:
    """Whether this is an address to send people and secrets to: https, or http on this machine, without a fragment."""
    # Printable ASCII without a backslash is read alike by everybody.
    if not isinstance(url, str) or not re.fullmatch(r"https?://[!\"$-\[\]-~]{1,2000}", url):
        return False
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
    return named and (parts.scheme == "https" or is_loopback(parts.hostname))


def _public_keys(document: dict[str, Any]) -> KeySet:
    """The keys of a JWK set; one that cannot be used is passed over (RFC 7517, 5). Raises ProviderUnavailable."""
    listed, keys = document.get("keys"), list[Key]()
    for key in listed if isinstance(listed, list) else []:
        # With a private exponent, finding the primes of a large modulus would stop every thread for minutes.
        if isinstance(key, dict) and "d" not in key:
            with suppress(JoseError, ValueError, TypeError, KeyError):
                keys.append(import_key(key))
    if not keys:
        raise ProviderUnavailable
    return KeySet(keys)


def _identity(profile: dict[str, Any]) -> Identity:
    subject, email, name = profile["sub"], profile.get("email"), profile.get("name")
    # ASCII by OpenID Connect Core 2; what is not printable is neither a name nor, for some databases, a text.
    if not 0 < len(subject) <= 255 or not (subject.isascii() and subject.isprintable()):
        raise LoginFailed
    if not isinstance(email, str) or not 0 < len(email) <= 320 or not email.isprintable():
        email = None
    name = "".join(filter(str.isprintable, name)).strip()[:200] if isinstance(name, str) else ""
    verified = email is not None and profile.get("email_verified") in ("true", True)
    return Identity(profile["iss"], subject, name or email or "Somebody", email, verified)
