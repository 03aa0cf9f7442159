"""The made-up people who can sign in at the local provider."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    email_verified: bool = True

    def claims(self, scope: str) -> dict[str, Any]:
        """The same e-mail is the same person at every start, so the blog finds its user again."""
        claims: dict[str, Any] = {"sub": hashlib.sha256(self.email.encode()).hexdigest()[:32]}
        if "email" in scope.split():
            claims |= {"email": self.email, "email_verified": self.email_verified}
        if "profile" in scope.split():
            claims["name"] = self.name
        return claims


PEOPLE = (
    Person("Ada Brook", "ada@example.com"),
    Person("Ben Okafor", "ben@example.com"),
    Person("Chloe Marsh", "chloe@example.com"),
)

FORM_FIELDS = ("person", "name", "email", "email_verified", "cancel")


class UnknownPersonError(Exception):
    """The form names nobody who could sign in."""


def is_email(text: str) -> bool:
    return text.isprintable() and re.fullmatch(r"[^\s@]{1,64}@[^\s@]{1,189}", text) is not None


def person_with(email: str) -> Person:
    """Whoever signs in with that e-mail. Somebody else than PEOPLE is called by the part before the @."""
    return next((person for person in PEOPLE if person.email == email), Person(email.partition("@")[0], email))


def chosen_person(form: Mapping[str, str]) -> Person:
    choice = form.get("person")
    for person in PEOPLE:
        if person.email == choice:
            return person
    name, email = (form.get(field, "").strip() for field in ("name", "email"))
    if not name or len(name) > 100 or not name.isprintable():
        raise UnknownPersonError("Give the person a name, of 100 characters at most.")
    if not is_email(email):
        raise UnknownPersonError("That is not an e-mail address: name@example.com would be one.")
    return Person(name, email.lower(), "email_verified" in form)
