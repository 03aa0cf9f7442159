"""A secret that is replaced, as docs/deploy.md has it."""

import secrets

import pytest
from flask import Flask

from app.auth.models import User
from app.config import Settings
from tests.conftest import NewApp
from tests.factories.session import SessionFactory


@pytest.fixture
def headers(session_factory: SessionFactory, user: User) -> dict[str, str]:
    """The requests of somebody who logged in before."""
    return session_factory(user).browser_headers


def asked(app: Flask, headers: dict[str, str]) -> int:
    return app.test_client(use_cookies=False).get("/api/blogs", headers=headers).status_code


class TestASecretThatWasReplaced:
    def test_ends_no_session_while_the_old_one_counts(
        self, new_app: NewApp, settings: Settings, headers: dict[str, str]
    ) -> None:
        renewed = new_app(secret_key=secrets.token_hex(32), secret_key_fallbacks=(settings.secret_key,))
        assert asked(renewed, headers) == 200

    def test_ends_every_session_once_it_does_not(self, new_app: NewApp, headers: dict[str, str]) -> None:
        assert asked(new_app(secret_key=secrets.token_hex(32)), headers) == 401

    def test_signs_what_counts_without_the_old_one(self, new_app: NewApp, settings: Settings, user: User) -> None:
        new = secrets.token_hex(32)
        renewed = new_app(secret_key=new, secret_key_fallbacks=(settings.secret_key,))
        assert asked(new_app(secret_key=new), SessionFactory(renewed)(user).browser_headers) == 200
