"""What is asked of several settings."""

import ipaddress
from urllib.parse import urlsplit

from app.instance import SECRET_BYTES

KNOWN_SECRETS = ("secret", "changeme", "change-me", "password", "example")


def is_loopback(host: str | None) -> bool:
    """Whether the host name can only be this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def refuse_weak(secret: str) -> str:
    """The secret, unless it is short or can be guessed: a ValueError says which."""
    if len(secret.encode()) < SECRET_BYTES:
        raise ValueError(f"is too short: {SECRET_BYTES} random bytes or more")
    if len(set(secret)) < 8 or any(word in secret.lower() for word in KNOWN_SECRETS):
        raise ValueError("can be guessed: make a random one")
    return secret


def web_address(value: str) -> str:
    """The address, unless it is none of a site: a ValueError says what one looks like."""
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
        raise ValueError("must be an address such as https://blog.example")
    return value
