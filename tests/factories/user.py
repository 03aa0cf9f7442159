"""People, made straight in the database."""

from typing import Any
from uuid import uuid4

import factory

from app.auth.models import User
from app.db import Database

ISSUER = "https://people.invalid"


class _User(factory.Factory):
    class Meta:
        model = User

    issuer = ISSUER
    # Unique for ever: tests share a database with each other, and perhaps with a deployed site.
    subject = factory.LazyFunction(lambda: uuid4().hex)
    name = factory.Faker("name")
    email = factory.LazyAttribute(lambda user: f"{user.subject}@people.invalid")
    email_verified = True


class UserFactory:
    """`user_factory()` is somebody new; keywords set what matters to the test."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, **columns: Any) -> User:
        user: User = _User(**columns)
        with self._database.write() as db:
            db.add(user)
        return user
