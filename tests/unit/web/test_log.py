"""What the blog logs, and where it cannot."""

from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="This system has no /dev/full")
class TestALogOnAFullDisk:
    def test_costs_no_answer(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = []
        # Closing it fails too.
        with suppress(OSError), FULL.open("w") as log:
            monkeypatch.setattr("sys.stdout", log)
            answers = [client.get(path).status_code for path in ("/", "/nothing")]
        assert answers == [200, 404]


class TestTheLineOfARequest:
    @pytest.fixture(autouse=True)
    def asked(
        self,
        client: FlaskClient,
        session_factory: SessionFactory,
        user_factory: UserFactory,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        self.cookie = session_factory(user_factory())
        client.get("/blogs", headers={**self.cookie.header, "X-Request-ID": "abc-123"})
        self.logged = capfd.readouterr().out

    def test_says_which_request_it_is_of(self) -> None:
        assert "abc-123" in self.logged

    def test_holds_no_cookie(self) -> None:
        assert self.cookie.value not in self.logged
