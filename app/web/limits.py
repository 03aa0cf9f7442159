"""How often each person and each address may ask.

Reads are counted in each worker's memory alone. Writes and logins are counted in Redis, for all workers together.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from flask import Request

from app.cache import Cache
from app.config import Settings
from app.errors import SlowDown
from app.web.buckets import Bucket
from app.web.client_address import client_address
from app.web.csrf import SAFE_METHODS
from app.web.marks import is_signed
from app.web.metrics import limits_hit

# Whoever watches the blog, and what every page needs.
UNLIMITED = {"static", "health.healthz", "health.readyz", "metrics.metrics"}
LOGINS = {"auth.login", "auth.callback"}
# Behind an address may be an office.
PEOPLE_AT_AN_ADDRESS = 5


class Kind(NamedTuple):
    """What is limited together."""

    name: str
    by_address: Bucket
    by_user: Bucket


class Limiter:
    def __init__(self, settings: Settings, shared: Cache) -> None:
        self._hops = settings.proxy_hops
        self._reads = _kind("reads", settings.rate_reads)
        self._writes = _kind("writes", settings.rate_writes, shared)
        self._logins = Kind("logins", Bucket("logins:address", settings.rate_logins, shared), self._reads.by_user)

    def count(self, asked: Request, view: Callable[..., Any] | None) -> Kind | None:
        """Count the request for its address, before anything is looked up for it. Raises SlowDown.

        Returns what to count it as for a person, unless it is not limited.
        """
        endpoint = asked.endpoint
        if endpoint in UNLIMITED:
            return None
        safe = asked.method in SAFE_METHODS or view is None or is_signed(view)
        kind = self._logins if endpoint in LOGINS else self._reads if safe else self._writes
        wait = kind.by_address.take(_network(client_address(asked.environ, self._hops)))
        if wait:
            raise _refused(wait, kind, "address")
        return kind

    def count_for(self, user_id: int, kind: Kind | None) -> None:
        """Count it for that person too. Raises SlowDown."""
        wait = kind and kind.by_user.take(user_id)
        if kind and wait:
            raise _refused(wait, kind, "user")


def _kind(name: str, a_minute: int, shared: Cache | None = None) -> Kind:
    by_address = Bucket(f"{name}:address", a_minute * PEOPLE_AT_AN_ADDRESS, shared)
    return Kind(name, by_address, Bucket(f"{name}:user", a_minute, shared))


def _refused(wait: float, kind: Kind, by: str) -> SlowDown:
    limits_hit.labels(kind.name, by).inc()
    return SlowDown(math.ceil(wait))


@lru_cache(4096)
def _network(address: str) -> str:
    """The address, or the network of an IPv6 one: who has one has all of its /64 (RFC 6177)."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped) if found.ipv4_mapped else found.exploded[:19]
