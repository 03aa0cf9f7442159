"""The line that tells what a person has just done."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.models import User
from tests.factories.session import SessionFactory

SAVED = '<p role="status">Your blog is saved.</p>'


class TestAnAct:
    @pytest.fixture(autouse=True)
    def done(self, client: FlaskClient, user: User, session_factory: SessionFactory) -> None:
        self.client = client
        self.session = session_factory(user).header["Cookie"]
        form = {"title": "T", "content": "C", "step": "save"}
        answer = client.post("/blogs/new", data=form, headers={"Cookie": self.session, "Origin": "http://localhost"})
        self.sent = answer.headers["Set-Cookie"]
        self.next = self.page(self.sent.split(";")[0])

    def page(self, cookie: str, **headers: Any) -> TestResponse:
        return self.client.get("/blogs", headers={"Cookie": f"{self.session}; {cookie}", **headers})

    def test_is_told_on_the_next_page(self) -> None:
        assert SAVED in self.next.text

    def test_is_told_to_nobody_by_an_address(self) -> None:
        assert SAVED not in self.client.get("/blogs?told=saved.1", headers={"Cookie": self.session}).text

    def test_is_told_once(self) -> None:
        assert "told=; Expires=Thu, 01 Jan 1970" in self.next.headers["Set-Cookie"]

    def test_is_forgotten_by_a_browser_that_goes_nowhere(self) -> None:
        assert "Max-Age=60" in self.sent

    def test_leaves_no_page_that_could_be_shown_again(self) -> None:
        assert "ETag" not in self.next.headers

    @pytest.mark.parametrize("value", ["", "saved", "nothing.1", "saved.x", "<script>.1", "saved.1.2"])
    def test_is_none_that_is_not_known(self, value: str) -> None:
        assert 'role="status"' not in self.page(f"told={value}").text
