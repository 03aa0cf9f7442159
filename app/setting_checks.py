"""What is asked of several settings."""

import ipaddress
import math
import re
import socket
from itertools import pairwise
from string import ascii_letters, ascii_lowercase, digits, hexdigits
from urllib.parse import urlsplit

from pydantic import BaseModel

from app.instance import SECRET_BYTES

# What pydantic finds, in the words of the other sentences here.
SENTENCES = {
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "ip_any_address": "must be an address of this machine, such as 127.0.0.1 or 0.0.0.0",
    "string_too_long": "must have {max_length} characters or fewer",
}
KNOWN_SECRETS = ("secret", "changeme", "change-me", "password", "example")
LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
# No random secret of any length that people use has one of these by chance, in a million tries.
SECRET_BITS, BLOCK, RUN = 128, 9, 8
ALPHABETS = {
    10: digits,
    16: hexdigits[:16],
    26: ascii_lowercase,
    36: ascii_lowercase + digits,
    52: ascii_letters,
    62: ascii_letters + digits,
}


def is_loopback(host: str | None) -> bool:
    """Whether the host name can only be this machine, in whichever of its spellings: also `127.1` or `0.0.0.0`."""
    name = (host or "").rstrip(".").lower()
    if name in LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            # As the system reads it when it connects: 127.1, 0x7f.1 and 2130706433 are numbers too.
            address = ipaddress.ip_address(socket.inet_aton(name))
        except (OSError, ValueError):
            return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback or (mapped or address).is_unspecified


def networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The networks and single addresses, unless one is none: a ValueError says what they look like."""
    try:
        return tuple(str(ipaddress.ip_network(each)) for each in texts)
    except ValueError:
        raise ValueError("must be addresses and networks, such as 10.0.0.5, 10.1.0.0/16") from None


def addresses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The e-mail addresses and domains, unless one is none: a ValueError says what they look like."""
    if not all(re.fullmatch(r"[^@\s]*@[^@\s]+", each) for each in texts):
        raise ValueError("must be addresses and domains, such as ada@ink.example, @school.example")
    return texts


def transport_security(value: str) -> str:
    """The header's value (RFC 6797, 6.1), unless it is none: a ValueError says what one looks like."""
    if not re.fullmatch(r"max-age=[0-9]+(; includeSubDomains)?(; preload)?", value):
        raise ValueError("must be such as max-age=63072000; includeSubDomains")
    return value


def refuse_weak(secret: str) -> str:
    """The secret, unless it is short or can be guessed: a ValueError says which."""
    if len(secret.encode()) < SECRET_BYTES:
        raise ValueError(f"is too short: {SECRET_BYTES} random bytes or more")
    few = len(set(secret)) < 8 or _bits(secret) < SECRET_BITS
    if few or any(word in secret.lower() for word in KNOWN_SECRETS) or _repeats(secret) or _counts(secret):
        raise ValueError("can be guessed: make a random one")
    return secret


def _bits(secret: str) -> float:
    """How many bits it has if each character was drawn from the smallest usual alphabet that has them all."""
    size = next((size for size, alphabet in ALPHABETS.items() if {*secret} <= {*alphabet}), 95)
    return len(secret) * math.log2(size)


def _repeats(secret: str) -> bool:
    return any(secret.find(secret[at : at + BLOCK], at + 1) != -1 for at in range(len(secret) - BLOCK))


def _counts(secret: str) -> bool:
    """Whether characters follow each other as in `abcdefgh` or `87654321`."""
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    return any({*steps[at : at + RUN - 1]} in ({1}, {-1}) for at in range(len(steps) - RUN + 2))


def web_address(value: str) -> str:
    """The address, unless it is none of a site: a ValueError says what one looks like."""
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
        raise ValueError("must be an address such as https://blog.example")
    return value


def without_secrets(settings: BaseModel) -> dict[str, str]:
    """What may be logged of the settings; of an address that may hold a password, where it leads."""
    told = {name: str(value) for name, value in settings.__repr_args__() if name}
    return told | {name: _place(getattr(settings, name)) for name in ("database_url", "redis_url")}


def _place(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}" if address else ""
