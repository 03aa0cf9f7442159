"""Logging in by OpenID Connect's authorization code flow, with state, nonce and PKCE. Knows no web framework.

Follows OpenID Connect Core 1.0 (3.1), Discovery 1.0 and RFC 7636. Authlib builds the requests and checks the claims;
this module sees to it that a slow, broken or hostile provider costs one login and never more than its time limit.
"""

import http.client
import io
import re
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key
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
UNKNOWN_KEY_SECONDS = 60
CLIENT_AUTHENTICATION = "client_secret_basic"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
TOKEN = ("access_token", "token_type", "id_token")

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
            raise LoginCancelled(CANCELLED)
        if "error" in answer or not answer.get("code") or answer.get("iss", self.issuer) != self.issuer:
            raise LoginFailed(FAILED)
        return self._in_time(lambda exchange: self._identify(exchange, login, answer["code"]))

    def _in_time(self, step: Callable[["_Exchange"], T]) -> T:
        # From now on, not from when a thread is free: a step whose caller has gone ends at its first request.
        deadline = time.monotonic() + EXCHANGE_SECONDS

        def run() -> T:
            with self._exchange(deadline) as exchange:
                return step(exchange)

        try:
            # The step ends by itself at its deadline, but for a slow name server.
            return self._steps.submit(run).result(EXCHANGE_SECONDS)
        except TimeoutError:
            raise ProviderUnavailable(UNAVAILABLE) from None

    def _exchange(self, deadline: float) -> "_Exchange":
        client = _Exchange(
            deadline,
            **self._client,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint_auth_method=CLIENT_AUTHENTICATION,
        )
        # A proxy of the environment must not stand between the blog and a provider on the same machine.
        client.trust_env = not is_loopback(urlsplit(self.issuer).hostname)
        return client

    def _authorization_url(self, exchange: "_Exchange", login: Login) -> str:
        url, _ = exchange.create_authorization_url(
            self._discover(exchange)["authorization_endpoint"],
            state=login.state,
            nonce=login.nonce,
            code_verifier=login.verifier,
        )
        return str(url)

    def _identify(self, exchange: "_Exchange", login: Login, code: str) -> Identity:
        metadata = self._discover(exchange)
        try:
            token = exchange.fetch_token(metadata["token_endpoint"], code=code, code_verifier=login.verifier)
            claims = self._checked_claims(exchange, token, login.nonce)
            return _identity({**self._userinfo(exchange, claims), **claims})
        except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise LoginFailed(FAILED) from error

    def _discover(self, exchange: "_Exchange") -> dict[str, Any]:
        if time.monotonic() - self._discovered_at > DISCOVERY_SECONDS:
            document = exchange.document(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._metadata = _vetted(document, self.issuer)
            self._keys = None
            self._discovered_at = time.monotonic()
        return self._metadata

    def _checked_claims(self, exchange: "_Exchange", token: dict[str, Any], nonce: str) -> dict[str, Any]:
        signed = self._signed(exchange, token["id_token"])
        claims = CodeIDToken(
            _json_object(signed.payload),
            signed.headers(),
            options={"iss": {"value": self.issuer}, "aud": {"value": self._client["client_id"]}},
            params={"nonce": nonce, "client_id": self._client["client_id"], "access_token": token.get("access_token")},
        )
        claims.validate(leeway=CLOCK_SKEW_SECONDS)
        return dict(claims)

    def _signed(self, exchange: "_Exchange", id_token: str) -> jws.CompactSignature:
        try:
            return _verified(id_token, self._key_set(exchange))
        except InvalidKeyIdError:
            # The provider may have rotated its keys since they were fetched.
            return _verified(id_token, self._newer_key_set(exchange))

    def _key_set(self, exchange: "_Exchange") -> KeySet:
        return self._keys or self._fetched_keys(exchange)

    def _newer_key_set(self, exchange: "_Exchange") -> KeySet:
        # A provider gone wrong may name another unknown key in every token.
        with self._unknown_key:
            if time.monotonic() - self._unknown_key_at > UNKNOWN_KEY_SECONDS:
                self._unknown_key_at = time.monotonic()
                return self._fetched_keys(exchange)
        return self._key_set(exchange)

    def _fetched_keys(self, exchange: "_Exchange") -> KeySet:
        self._keys = _public_keys(exchange.document(self._metadata["jwks_uri"]))
        return self._keys

    def _userinfo(self, exchange: "_Exchange", claims: dict[str, Any]) -> dict[str, Any]:
        """More claims from the UserInfo endpoint, where the id_token leaves the e-mail out (Core 5.3)."""
        if "email" in claims or "userinfo_endpoint" not in self._metadata:
            return {}
        info = exchange.document(self._metadata["userinfo_endpoint"], withhold_token=False)
        return info if info.get("sub") == claims["sub"] else {}


class _Exchange(OAuth2Session):
    """The requests of one step of one login: they share a deadline, and none is redirected."""

    def __init__(self, deadline: float, **client: Any) -> None:
        super().__init__(**client)
        self.max_redirects = 0
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(deadline))

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """The answer, whatever its status. Raises ProviderUnavailable when there is none by HTTP's rules."""
        try:
            response: requests.Response = super().request(*args, **options)
        except (OSError, ValueError, TransportError) as error:
            raise ProviderUnavailable(UNAVAILABLE) from error
        return response

    def document(self, url: str, *, withhold_token: bool = True) -> dict[str, Any]:
        """The JSON object at that URL. Raises ProviderUnavailable when there is none."""
        response = self.get(url, withhold_token=withhold_token)
        try:
            response.raise_for_status()
            return _json_object(response.content)
        except (requests.HTTPError, ValueError) as error:
            raise ProviderUnavailable(UNAVAILABLE) from error

    def parse_response_token(self, resp: requests.Response) -> dict[str, Any]:
        """What the token endpoint says (RFC 6749, 5), of the texts that a login needs.

        In Authlib's own, JSON could be of any depth, and `expires_in` of any type.
        """
        if resp.status_code >= 500:
            raise ProviderUnavailable(UNAVAILABLE)
        answer = _json_object(resp.content)
        if "error" in answer:
            raise self.oauth_error_class(answer["error"], answer.get("error_description"))
        self.token = {name: answer[name] for name in TOKEN if isinstance(answer.get(name), str)}
        return dict(self.token)


class _BoundedAdapter(HTTPAdapter):
    """Ends at the deadline, whatever is trickling in, and at a size that no honest answer has."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        connection_class = type(pool).ConnectionCls

        def connection(**options: Any) -> Any:
            made = connection_class(**options)
            made.response_class = self._response
            return made

        pool.ConnectionCls = connection
        return pool

    def _response(self, sock: socket.socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp = io.BufferedReader(_Incoming(sock, response.fp, self._remaining))
        return response

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        with super().send(request, **{**options, "stream": True, "timeout": self._remaining()}) as response:
            body = bytearray()
            # read1 returns what has come; read would wait for the rest.
            while chunk := response.raw.read1(8192, decode_content=True):
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise requests.exceptions.ContentDecodingError("the provider's answer is too large")
            response._content = bytes(body)  # noqa: SLF001  what `stream=False` would have set
            return response

    def _remaining(self) -> float:
        # Negative when there is none, which urllib3 and sockets refuse with a ValueError.
        return self._deadline - time.monotonic()


class _Incoming(io.RawIOBase):
    """What comes in on a socket, whose own time limit would begin anew with every byte."""

    def __init__(self, sock: socket.socket, file: io.BufferedIOBase, remaining: Callable[[], float]) -> None:
        self._sock, self._file, self._remaining = sock, file, remaining

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._remaining())
        return self._file.readinto1(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _json_object(body: bytes) -> dict[str, Any]:
    """What a provider sent, at the one place where it is parsed. Raises ValueError: no object, or too deep."""
    document = from_json(body, allow_inf_nan=False)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  the provider's mistake, not a caller's
    return document


def _verified(id_token: str, keys: KeySet) -> jws.CompactSignature:
    return jws.deserialize_compact(id_token, keys, ALGORITHMS)


def _vetted(document: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The discovery document, unless a login must not rely on it (Discovery 1.0, 4.3)."""
    names = ENDPOINTS + (("userinfo_endpoint",) if "userinfo_endpoint" in document else ())
    if document.get("issuer") != issuer or not all(_is_endpoint(document.get(name)) for name in names):
        raise ProviderUnavailable(UNAVAILABLE)
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
        raise ProviderUnavailable(UNAVAILABLE)
    return KeySet(keys)


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
