"""Logging in by OpenID Connect's authorization code flow, with state, nonce and PKCE. Knows no web framework.

Follows OpenID Connect Core 1.0 (3.1), Discovery 1.0 and RFC 7636. Authlib builds the requests and checks the claims;
this module sees to it that a slow, broken or hostile provider costs one login and never more than its time limit.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.auth import exchange
from app.auth.discovery import Discovered, Discovery
from app.auth.exchange import CLIENT_AUTHENTICATION, Exchange, NoAnswer, awaited, json_object
from app.auth.session import Login
from app.bulkhead import Refusals
from app.cache.breaker import Breaker
from app.errors import LoginCancelled, LoginFailed, ProviderUnavailable

SCOPE = "openid email profile"
ALGORITHMS = ("RS256", "ES256", "PS256")
CLOCK_SKEW_SECONDS = 60
WAITING_AT_ONCE = 2
CROWDED = "Many people are logging in at the moment. Please try again in a moment."


@dataclass(frozen=True)
class Identity:
    """Who the provider says this is. The e-mail counts as theirs only when it is verified."""

    issuer: str
    subject: str
    name: str
    email: str | None
    email_verified: bool


class OidcClient:
    """One issuer, as discovered, and this blog's registration there.

    Who needs an answer of the provider waits for it, two at a time; the others are told at once to come back. While it
    does not answer at all, so is nearly everybody.
    """

    def __init__(self, issuer: str, *, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self._client = {"client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri}
        self._discovery = Discovery(issuer)
        self._places, self._refusals = BoundedSemaphore(WAITING_AT_ONCE), Refusals("provider")
        self._breaker = Breaker("provider")
        # More than wait for them: a step whose caller has gone may still wait for a slow name server.
        self._steps = ThreadPoolExecutor(2 * WAITING_AT_ONCE, thread_name_prefix="oidc")

    def authorization_url(self, login: Login) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        discovered = self._discovery.known()
        if discovered is None:
            with self._waiting() as deadline:
                discovered = self._discovery.first(deadline)
        url, _ = self._exchange(discovered, time.monotonic()).create_authorization_url(
            discovered.metadata["authorization_endpoint"],
            state=login.state,
            nonce=login.nonce,
            code_verifier=login.verifier,
        )
        return str(url)

    def identify(self, login: Login, answer: Mapping[str, str]) -> Identity:
        """Who came back from the provider with this answer. Raises LoginFailed or ProviderUnavailable."""
        if answer.get("error") == "access_denied":
            raise LoginCancelled
        if "error" in answer or not answer.get("code") or answer.get("iss", self.issuer) != self.issuer:
            raise LoginFailed
        with self._waiting() as deadline:
            # A step that begins when its caller has gone ends at its first request: the deadline is the caller's.
            return awaited(self._steps.submit(self._identify, login, answer["code"], deadline), deadline)

    @contextmanager
    def _waiting(self) -> Iterator[float]:
        """A place among those who wait for the provider, until the deadline that this gives."""
        if not self._breaker.may_probe():
            raise ProviderUnavailable
        if not self._places.acquire(blocking=False):
            self._refusals.refused()
            raise ProviderUnavailable(CROWDED)
        self._refusals.admitted()
        # One that refuses, or is an error, is an answer too: or a visitor's odd code could keep others out.
        silence: NoAnswer | None = None
        try:
            yield time.monotonic() + exchange.EXCHANGE_SECONDS
        except NoAnswer as error:
            silence = error
            raise
        finally:
            self._places.release()
            if silence is None:
                self._breaker.succeeded()
            else:
                self._breaker.failed(silence)

    def _exchange(self, discovered: Discovered, deadline: float) -> Exchange:
        return Exchange(
            self.issuer,
            deadline,
            **self._client,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint_auth_method=CLIENT_AUTHENTICATION[discovered.authentication],
        )

    def _identify(self, login: Login, code: str, deadline: float) -> Identity:
        discovered = self._discovery.known() or self._discovery.first(deadline)
        with self._exchange(discovered, deadline) as asked:
            try:
                token = asked.fetch_token(
                    discovered.metadata["token_endpoint"], code=code, code_verifier=login.verifier
                )
                claims = self._checked_claims(discovered, token, login.nonce, deadline)
                return _identity({**_userinfo(asked, discovered, claims), **claims})
            except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError) as error:
                raise LoginFailed from error

    def _checked_claims(
        self, discovered: Discovered, token: dict[str, Any], nonce: str, deadline: float
    ) -> dict[str, Any]:
        signed = self._signed(discovered, token["id_token"], deadline)
        claims = CodeIDToken(
            json_object(signed.payload),
            signed.headers(),
            options={"iss": {"value": self.issuer}, "aud": {"value": self._client["client_id"]}},
            params={"nonce": nonce, "client_id": self._client["client_id"], "access_token": token.get("access_token")},
        )
        claims.validate(leeway=CLOCK_SKEW_SECONDS)
        return dict(claims)

    def _signed(self, discovered: Discovered, id_token: str, deadline: float) -> jws.CompactSignature:
        try:
            return _verified(id_token, discovered.keys)
        except InvalidKeyIdError:
            # The provider may have rotated its keys since they were fetched.
            return _verified(id_token, self._discovery.newer(deadline).keys)


def _userinfo(asked: Exchange, discovered: Discovered, claims: dict[str, Any]) -> dict[str, Any]:
    """More claims from the UserInfo endpoint, where the id_token leaves the e-mail out (Core 5.3)."""
    if "email" in claims or "userinfo_endpoint" not in discovered.metadata:
        return {}
    info = asked.document(discovered.metadata["userinfo_endpoint"], withhold_token=False)
    return info if info.get("sub") == claims["sub"] else {}


def _verified(id_token: str, keys: KeySet) -> jws.CompactSignature:
    return jws.deserialize_compact(id_token, keys, ALGORITHMS)


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
