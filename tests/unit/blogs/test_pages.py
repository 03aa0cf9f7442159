"""Blogs as pages: what the browser tests cannot tell."""

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory


class TestAnOddAddressToShareWith:
    @pytest.fixture(autouse=True)
    def at_a_blog(
        self,
        client: FlaskClient,
        session_factory: SessionFactory,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
    ) -> None:
        self.client, self.session_factory = client, session_factory
        self.owner, self.stranger = user_factory(), user_factory()
        self.path = f"/blogs/{blog_factory(self.owner).id}/shares"

    def status_for(self, user: User) -> int:
        headers = {"Sec-Fetch-Site": "same-origin", **self.session_factory(user).header}
        return self.client.post(self.path, data={"email": "x"}, headers=headers).status_code

    def test_is_refused_to_the_owner(self) -> None:
        assert self.status_for(self.owner) == 422

    def test_tells_a_stranger_nothing(self) -> None:
        assert self.status_for(self.stranger) == 404

    def test_is_no_error_of_ours_when_a_stranger_sends_it(self, caplog: pytest.LogCaptureFixture) -> None:
        self.status_for(self.stranger)
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
