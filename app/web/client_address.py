"""Whose request it is, by network address."""

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def client_address(environ: "WSGIEnvironment", hops: int) -> str:
    """The client's IP address, past that many proxies of ours; "" where the server was told none, as on a socket file.

    Each proxy adds the address that it was asked from to `X-Forwarded-For`, at the end. What stands before those is the
    client's own claim, and is not believed. Nor is anything that is no address: then it is the nearest proxy's.
    """
    nearest: str = environ.get("REMOTE_ADDR", "")
    if not hops:
        return nearest
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    try:
        return str(ipaddress.ip_address(forwarded[-hops].strip()))
    except (IndexError, ValueError):
        return nearest
