"""What a provider says of itself, its endpoints and its keys: asked for in the background, and kept.

Follows OpenID Connect Discovery 1.0 and RFC 7517. Knows no web framework.
"""

import logging
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from app.auth import exchange
from app.auth.exchange import CLIENT_AUTHENTICATION, Exchange, awaited
from app.errors import ProviderUnavailable
from app.setting_checks import is_loopback

FRESH_SECONDS = 3600
RETRY_SECONDS = 60
UNKNOWN_KEY_SECONDS = 60
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Discovered:
    """A provider as it described itself, fit to log in with."""

    metadata: dict[str, Any]
    authentication: str
    keys: KeySet
    at: float = field(default_factory=time.monotonic)


class Discovery:
    """Keeps what is known of one issuer. It is fetched by a thread of its own, once for all who wait for it."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="oidc-discovery")
        self._known: Discovered | None = None
        self._fetch: Future[Discovered] = Future()
        self._fetch.set_exception(ProviderUnavailable())
        self._begun_at = self._unknown_key_at = float("-inf")

    def known(self) -> Discovered | None:
        """What is known, without waiting. When it is an hour old, a newer one is on its way."""
        known, now = self._known, time.monotonic()
        if known and now - known.at > FRESH_SECONDS and now - self._begun_at > RETRY_SECONDS:
            with self._lock:
                self._begin()
        return known

    def first(self, deadline: float) -> Discovered:
        """What the provider says, for who knows nothing of it yet. Raises ProviderUnavailable."""
        with self._lock:
            fetch = self._begin()
        return awaited(fetch, deadline)

    def newer(self, deadline: float) -> Discovered:
        """What the provider says since it uses a key that is not known. Raises ProviderUnavailable.

        A provider gone wrong may name another unknown key in every token, so it is asked once a minute.
        """
        with self._lock:
            if time.monotonic() - self._unknown_key_at > UNKNOWN_KEY_SECONDS:
                self._unknown_key_at = time.monotonic()
                self._begin()
            fetch = self._fetch
        return awaited(fetch, deadline)

    def _begin(self) -> Future[Discovered]:
        if self._fetch.done():
            self._begun_at = time.monotonic()
            self._fetch = self._thread.submit(self._fetched)
        return self._fetch

    def _fetched(self) -> Discovered:
        try:
            with Exchange(self._issuer, time.monotonic() + exchange.EXCHANGE_SECONDS) as asked:
                metadata = vetted(
                    asked.document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"), self._issuer
                )
                keys = public_keys(asked.document(metadata["jwks_uri"]))
        except ProviderUnavailable as error:
            if self._known:
                log.warning("The provider does not say its keys anew; the old ones count: %r", error.__cause__ or error)
            raise
        self._known = Discovered(metadata, client_authentication(metadata), keys)
        return self._known


def vetted(document: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The discovery document, unless a login must not rely on it (Discovery 1.0, 4.3)."""
    names = ENDPOINTS + (("userinfo_endpoint",) if "userinfo_endpoint" in document else ())
    if document.get("issuer") != issuer or not all(is_endpoint(document.get(name)) for name in names):
        raise ProviderUnavailable
    return document


def is_endpoint(url: Any) -> bool:
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


def client_authentication(metadata: dict[str, Any]) -> str:
    """How to say at the token endpoint who is asking (Discovery 1.0, 3). Raises ProviderUnavailable."""
    offered = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    for method in CLIENT_AUTHENTICATION:
        if isinstance(offered, list) and method in offered:
            return method
    raise ProviderUnavailable from ValueError(f"its token endpoint takes none of {', '.join(CLIENT_AUTHENTICATION)}")


def public_keys(document: dict[str, Any]) -> KeySet:
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
