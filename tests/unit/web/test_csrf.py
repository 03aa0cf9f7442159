"""Writes from another site's page are refused, whatever they are."""

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory

DRAFT = {"title": "T", "content": "C", "step": "save"}


class TestAWriteByALoggedInBrowser:
    @pytest.fixture(autouse=True)
    def logged_in(self, client: FlaskClient, user_factory: UserFactory, session_factory: SessionFactory) -> None:
        self.user: User = user_factory()
        self.client = client
        self.cookie = session_factory(self.user).header

    def status(self, headers: dict[str, str]) -> int:
        return self.client.post("/blogs/new", data=DRAFT, headers={**self.cookie, **headers}).status_code

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "http://localhost"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        ],
        ids=str,
    )
    def test_is_taken_from_the_blogs_own_pages(self, headers: dict[str, str]) -> None:
        assert self.status(headers) == 303

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": ""},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
            {"Origin": "http://evil.example"},
            {"Origin": "http://localhost.evil.example"},
            {"Origin": "https://localhost"},
            {"Origin": "http://localhost:81"},
            {"Origin": "null"},
            {"Origin": ""},
        ],
        ids=str,
    )
    def test_is_refused_from_anywhere_else(self, headers: dict[str, str]) -> None:
        assert self.status(headers) == 403

    def test_is_taken_as_json_from_a_program(self) -> None:
        answer = self.client.post("/api/blogs", json={"title": "T", "content": "C"}, headers=self.cookie)
        assert answer.status_code == 201

    @pytest.mark.parametrize(("method", "status"), [("PATCH", 200), ("DELETE", 204)])
    def test_is_taken_as_json_from_a_program_that_changes_or_deletes(
        self, blog_factory: BlogFactory, method: str, status: int
    ) -> None:
        path = f"/api/blogs/{blog_factory(self.user).id}"
        answer = self.client.open(path, method=method, json={"title": "T"}, headers=self.cookie)
        assert answer.status_code == status

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_is_refused_from_another_site_by_any_method(self, blog_factory: BlogFactory, method: str) -> None:
        path = f"/api/blogs/{blog_factory(self.user).id}"
        headers = {**self.cookie, "Sec-Fetch-Site": "cross-site"}
        assert self.client.open(path, method=method, json={"title": "T"}, headers=headers).status_code == 403

    def test_is_refused_as_json_from_another_site(self) -> None:
        headers = {**self.cookie, "Origin": "http://evil.example"}
        answer = self.client.post("/api/blogs", json={"title": "T", "content": "C"}, headers=headers)
        assert answer.status_code == 403

    def test_cannot_log_out_from_another_site(self) -> None:
        self.client.post("/auth/logout", headers={**self.cookie, "Sec-Fetch-Site": "cross-site"})
        assert self.client.get("/api/blogs", headers=self.cookie).status_code == 200
