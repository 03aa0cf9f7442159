"""E-mail addresses, as they are compared."""

from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def comparable(email: str) -> str:
    """The one spelling of an address by which it is the same as another."""
    # Of ASCII letters alone: to lower() the Kelvin sign is a k, and to casefold() `straße.example` is
    # `strasse.example`, which may be somebody else's.
    return email.translate(_LOWER)
