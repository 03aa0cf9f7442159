"""The words of tests that press the buttons of the local sign-in provider."""

from dataclasses import dataclass, field
from uuid import uuid4

from playwright.sync_api import Page

from app.auth.models import User
from dev.people import Person
from tests.factories.user import UserFactory


@dataclass
class Somebody:
    """A person of a test's own at the provider, and the same one at every login."""

    name: str = "Mary Shelley"
    email: str = field(default_factory=lambda: f"{uuid4().hex}@example.com")

    def account(self, user_factory: UserFactory, issuer: str) -> User:
        """Who they are to the blog, as after a first login."""
        claims = Person(self.name, self.email).claims("openid")
        return user_factory(issuer=issuer, subject=claims["sub"], name=self.name, email=self.email)

    def sign_in(self, page: Page) -> None:
        """Fill the provider's page and press its button."""
        page.get_by_role("radio", name="Someone else").check()
        page.get_by_label("Name").fill(self.name)
        page.get_by_label("E-mail", exact=True).fill(self.email)
        page.get_by_role("button", name="Sign in").click()
