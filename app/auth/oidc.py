"""Logging in by OpenID Connect's authorization code flow, with state, nonce and PKCE. Knows no web framework.

Follows OpenID Connect Core 1.0 (3.1), Discovery 1.0 and RFC 7636. Authlib builds the requests and checks the claims;
this module sees to it that a slow, broken or hostile provider costs one login and never more than its time limit.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic_core import from_json
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as TransportError

from app.auth.session import Login
from app.config import is_loopback
from app.errors import LoginCancelled, LoginFailed, ProviderUnavailable

T = TypeVar("T")

SCOPE = "openid email profile"
ALGORITHMS = ("RS256", "ES256", "PS256")
CLOCK_SKEW_SECONDS = 60
EXCHANGE_SECONDS = 4.0
STEPS_AT_ONCE = 8
MAX_RESPONSE_BYTES = 256 * 1024
DISCOVERY_SECONDS = 3600
CLIENT_AUTHENTICATION = "client_secret_basic"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

FAILED = "The login did not succeed. Nothing was changed; you can try again."
CANCELLED = "The login was cancelled. You can try again whenever you like."
UNAVAILABLE = "The sign-in service does not answer at the moment. Please try again shortly."


@dataclass(frozen=True)
class Identity:
    """Who the provider says this is. The e-mail counts as theirs only when it is verified."""

    issuer: str
    subject: str
    name: str
    email: str | None
    email_verified: bool


class Provider:
    """One issuer, as discovered, and this blog's registration there."""

    def __init__(self, issuer: str, *, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self._client = {"client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri}
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._discovered_at = float("-inf")
        self._steps = ThreadPoolExecutor(STEPS_AT_ONCE, thread_name_prefix="oidc")

    def authorization_url(self, login: Login) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        return self._in_time(lambda: self._authorization_url(login))

    def identify(self, login: Login, answer: Mapping[str, str]) -> Identity:
        """Who came back from the provider with this answer. Raises LoginFailed or ProviderUnavailable."""
        if answer.get("error") == "access_denied":
            raise LoginCancelled(CANCELLED)
        if "error" in answer or not answer.get("code") or answer.get("iss", self.issuer) != self.issuer:
            raise LoginFailed(FAILED)
        return self._in_time(lambda: self._identify(login, answer["code"]))

    def _in_time(self, step: Callable[[], T]) -> T:
        # A socket's time limit begins anew with every byte: headers that trickle in would hold a request for hours.
        try:
            return self._steps.submit(step).result(EXCHANGE_SECONDS)
        except TimeoutError:
            raise ProviderUnavailable(UNAVAILABLE) from None

    def _authorization_url(self, login: Login) -> str:
        with self._exchange() as exchange:
            metadata = self._discover(exchange)
            url, _ = exchange.create_authorization_url(
                metadata["authorization_endpoint"],
                state=login.state,
                nonce=login.nonce,
                code_verifier=login.verifier,
            )
        return str(url)

    def _identify(self, login: Login, code: str) -> Identity:
        with self._exchange() as exchange:
            metadata = self._discover(exchange)
            try:
                token = exchange.fetch_token(metadata["token_endpoint"], code=code, code_verifier=login.verifier)
                claims = self._checked_claims(exchange, token, login.nonce)
                profile = {**self._userinfo(exchange, claims), **claims}
            except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                if isinstance(error, requests.RequestException):
                    raise
                raise LoginFailed(FAILED) from error
        return _identity(profile)

    def _exchange(self) -> "_Exchange":
        client = _Exchange(
            **self._client, scope=SCOPE, code_challenge_method="S256", token_endpoint_auth_method=CLIENT_AUTHENTICATION
        )
        # A proxy of the environment must not stand between the blog and a provider on the same machine.
        client.trust_env = not is_loopback(urlsplit(self.issuer).hostname)
        return client

    def _discover(self, exchange: "_Exchange") -> dict[str, Any]:
        if time.monotonic() - self._discovered_at > DISCOVERY_SECONDS:
            document = exchange.document(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._metadata = _vetted(document, self.issuer)
            self._keys = None
            self._discovered_at = time.monotonic()
        return self._metadata

    def _checked_claims(self, exchange: "_Exchange", token: dict[str, Any], nonce: str) -> dict[str, Any]:
        decoded = self._decoded(exchange, token["id_token"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._client["client_id"]},
            },
            params={"nonce": nonce, "client_id": self._client["client_id"], "access_token": token.get("access_token")},
        )
        claims.validate(leeway=CLOCK_SKEW_SECONDS)
        return dict(claims)

    def _decoded(self, exchange: "_Exchange", id_token: str) -> jwt.Token:
        keys_are_fresh = self._keys is None
        try:
            return jwt.decode(id_token, self._key_set(exchange), algorithms=ALGORITHMS)
        except (InvalidKeyIdError, ValueError):
            # The provider may have rotated its keys since they were fetched.
            if keys_are_fresh:
                raise
            self._keys = None
            return jwt.decode(id_token, self._key_set(exchange), algorithms=ALGORITHMS)

    def _key_set(self, exchange: "_Exchange") -> KeySet:
        keys = self._keys
        if keys is None:
            keys = KeySet.import_key_set(exchange.document(self._metadata["jwks_uri"]))  # type: ignore[arg-type]
            self._keys = keys
        return keys

    def _userinfo(self, exchange: "_Exchange", claims: dict[str, Any]) -> dict[str, Any]:
        """More claims from the UserInfo endpoint, where the id_token leaves the e-mail out (Core 5.3)."""
        if "email" in claims or "userinfo_endpoint" not in self._metadata:
            return {}
        info = exchange.document(self._metadata["userinfo_endpoint"], withhold_token=False)
        return info if info.get("sub") == claims["sub"] else {}


class _Exchange(OAuth2Session):
    """The requests of one step of one login: they share a deadline, and none is redirected."""

    def __init__(self, **client: Any) -> None:
        super().__init__(**client)
        self.max_redirects = 0
        deadline = time.monotonic() + EXCHANGE_SECONDS
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(deadline))

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, requests.RequestException | TransportError):
            raise ProviderUnavailable(UNAVAILABLE) from error

    def document(self, url: str, *, withhold_token: bool = True) -> dict[str, Any]:
        """The JSON object at that URL. Raises ProviderUnavailable when there is none."""
        response = self.get(url, withhold_token=withhold_token)
        response.raise_for_status()
        try:
            document = from_json(response.content)
        except ValueError as error:
            raise ProviderUnavailable(UNAVAILABLE) from error
        if not isinstance(document, dict):
            raise ProviderUnavailable(UNAVAILABLE)
        return document


class _BoundedAdapter(HTTPAdapter):
    """Ends at the deadline, whatever is trickling in, and at a size that no honest answer has."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        response = super().send(request, **{**options, "stream": True, "timeout": self._remaining()})
        body = bytearray()
        # read1 returns what has come; read would wait for the rest of a trickle, past any deadline.
        while chunk := response.raw.read1(8192, decode_content=True):
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise requests.exceptions.ContentDecodingError("the provider's answer is too large")
            self._remaining()
        response._content = bytes(body)  # noqa: SLF001  what `stream=False` would have set
        return response

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise requests.exceptions.ReadTimeout("the provider took too long")
        return remaining


def _vetted(document: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The discovery document, unless a login must not rely on it (Discovery 1.0, 4.3)."""
    if document.get("issuer") != issuer:
        raise ProviderUnavailable(UNAVAILABLE)
    for name in ENDPOINTS + (("userinfo_endpoint",) if "userinfo_endpoint" in document else ()):
        url = urlsplit(str(document.get(name, "")))
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
            raise ProviderUnavailable(UNAVAILABLE)
    return document


def _identity(profile: dict[str, Any]) -> Identity:
    subject, email, name = profile["sub"], profile.get("email"), profile.get("name")
    # ASCII by OpenID Connect Core 2; what is not printable is neither a name nor, for some databases, a text.
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not (subject.isascii() and subject.isprintable()):
        raise LoginFailed(FAILED)
    if not isinstance(email, str) or not 0 < len(email) <= 320 or not email.isprintable():
        email = None
    name = "".join(filter(str.isprintable, name)).strip()[:200] if isinstance(name, str) else ""
    verified = email is not None and profile.get("email_verified") in ("true", True)
    return Identity(profile["iss"], subject, name or email or "Somebody", email, verified)
