"""`flask store sweep`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.attachments import commands
from app.attachments.sweep import TooMuchUnknown
from app.storage.disk import DiskStore
from app.storage.store import StoreUnavailable
from tests.factories.attachment import AttachmentFactory
from tests.factories.user import UserFactory

pytestmark = [pytest.mark.programs, pytest.mark.both_databases]


def asked(blog: Flask, *words: str) -> tuple[int, str]:
    result = blog.test_cli_runner().invoke(args=["store", *words])
    return result.exit_code, result.output


class TestASweep:
    @pytest.fixture(autouse=True)
    def useless(self, attachment_factory: AttachmentFactory, user_factory: UserFactory) -> None:
        old = datetime.now(UTC) - timedelta(hours=25)
        self.key = attachment_factory(user_factory(), finished_at=old).key

    def test_says_what_would_go(self, app: Flask) -> None:
        status, told = asked(app, "sweep", "--dry-run")
        assert (status, f"{self.key}  on no blog" in told, told.endswith("would go.\n")) == (0, True, True)

    def test_says_what_is_gone(self, app: Flask) -> None:
        status, told = asked(app, "sweep")
        assert (status, f"{self.key}  on no blog" in told, told.endswith("gone.\n")) == (0, True, True)

    def test_says_when_the_store_is_down(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(DiskStore, "delete", fail)
        status, told = asked(app, "sweep")
        assert (status, "sweep again for the rest" in told) == (1, True)

    def test_says_when_the_database_knows_too_little(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise TooMuchUnknown(21, 30)

        monkeypatch.setattr(commands, "swept", refuse)
        status, told = asked(app, "sweep")
        assert (status, "does not know 21 of the 30 files" in told, "--all-unknown" in told) == (1, True, True)
