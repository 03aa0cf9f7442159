"""E-mail addresses, as they are compared."""

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def comparable(email: str) -> str:
    """The one spelling of an address by which it is the same as another."""
    # Of ASCII letters alone: to lower() the Kelvin sign is a k, and to casefold() `straße.example` is
    # `strasse.example`, which may be somebody else's.
    return email.translate(_LOWER)


def is_allowed(email: str | None, allowed: Sequence[str]) -> bool:
    """Whether that verified address is among those addresses and domains, such as `@school.example`; if none, any is.

    A domain stands for itself alone, and not for those below it.
    """
    address = comparable(email or "")
    domain = address[address.rfind("@") :] if "@" in address else ""
    return not allowed or bool({address, domain} & {*map(comparable, allowed)})
