"""E-mail addresses, as they are compared."""


def comparable(email: str) -> str:
    """The one spelling of an address by which it is the same as another."""
    # Not casefold(): to that `straße.example` is `strasse.example`, which may be somebody else's.
    return email.strip().lower()
