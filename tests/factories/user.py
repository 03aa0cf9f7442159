"""People, made straight in the database."""

from typing import Any
from uuid import uuid4

import factory

from app.auth.models import User
from tests.factories.stored import StoredFactory

ISSUER = "https://people.invalid"


class UserFactory(StoredFactory):
    """`user_factory()` is somebody new; keywords set what matters to the test."""

    class Meta:
        model = User

    issuer = ISSUER
    # Unique for ever: tests share a database with each other, and perhaps with a deployed site.
    subject = factory.LazyFunction(lambda: uuid4().hex)
    name = factory.Faker("name")
    email = factory.LazyAttribute(lambda user: f"{user.subject}@people.invalid")
    email_verified = True

    def __call__(self, **columns: Any) -> User:
        user: User = self._stored(**columns)
        return user
