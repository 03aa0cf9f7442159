"""The page of a person's own settings: the name, and the account's end."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.attachments.models import Attachment
from app.auth.models import User
from app.auth.oidc import Identity
from app.auth.queries import find_or_create_user
from app.blogs.models import Blog
from app.blogs.queries import remove
from app.blogs.versions import Version
from app.db import Database
from app.sharing.models import Share
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases


class TestAChosenName:
    @pytest.fixture(autouse=True)
    def chosen(self, caller: FlaskClient, user: User, database: Database) -> None:
        self.caller, self.database = caller, database
        self.answer = caller.post("/account/name", data={"name": "  Ada \n Lovelace "})

    def test_is_shown_at_once(self) -> None:
        assert 'value="Ada Lovelace"' in self.caller.get("/account").text

    def test_is_told(self) -> None:
        assert (self.answer.status_code, self.answer.location) == (303, "/account")

    def test_stays_when_the_provider_has_another(self, user: User) -> None:
        with self.database.write() as db:
            find_or_create_user(db, Identity(user.issuer, user.subject, "Somebody", "new@people.invalid", True))
        assert self.caller.get("/api/current_user").get_json()["name"] == "Ada Lovelace"

    def test_is_what_others_read(
        self, user: User, user_factory: UserFactory, blog_factory: BlogFactory, client_for: ClientFor
    ) -> None:
        reader = user_factory()
        blog_factory(user, shared_with=reader)
        assert "Ada Lovelace" in client_for(reader).get("/blogs/shared").text


class TestANameThatIsNone:
    @pytest.mark.parametrize("name", ["", " ", "\u200b", "a" * 101, "a\0b"])
    def test_is_refused_beside_its_field(self, caller: FlaskClient, user: User, name: str) -> None:
        answer = caller.post("/account/name", data={"name": name})
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True)
        assert caller.get("/api/current_user").get_json()["name"] == user.name


class TestAnAccountToBeDeleted:
    @pytest.mark.parametrize("typed", ["", "yes", "somebody.else@people.invalid"])
    def test_stays_without_what_confirms_it(self, caller: FlaskClient, user: User, typed: str) -> None:
        answer = caller.post("/account/delete", data={"confirm": typed})
        assert (answer.status_code, f"Type {user.email} to" in answer.text) == (422, True)
        assert caller.get("/api/blogs").status_code == 200

    @pytest.mark.parametrize("confirm", ["delete", " Delete "])
    def test_goes_by_a_word(self, caller: FlaskClient, confirm: str) -> None:
        assert caller.post("/account/delete", data={"confirm": confirm}).status_code == 303


class TestADeletedAccount:
    @pytest.fixture(autouse=True)
    def deleted(
        self,
        blog_on_either: Flask,
        user: User,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        database: Database,
        client_for: ClientFor,
    ) -> None:
        self.caller, self.store = client_for(user, app=blog_on_either), blog_on_either.extensions["store"]
        attachments = AttachmentFactory.with_files(database, blog_on_either.extensions["images"])
        attachments(user, blog_factory(user, shared_with=user_factory()))
        with database.write() as db:
            remove(db, user.id, blog_factory(user).id)
        self.answer = self.caller.post("/account/delete", data={"confirm": str(user.email).upper()})

    def test_leads_to_the_front_page(self) -> None:
        assert (self.answer.status_code, self.answer.location) == (303, "/")

    def test_is_nobodys_session(self) -> None:
        assert self.caller.get("/api/blogs").status_code == 401

    def test_takes_the_session_out_of_the_browser(self) -> None:
        assert any("session=;" in each for each in self.answer.headers.getlist("Set-Cookie"))

    @pytest.mark.parametrize(
        "column", [User.id, Blog.owner_id, Version.owner_id, Share.owner_id, Attachment.uploader_id], ids=str
    )
    def test_leaves_no_row(self, database: Database, user: User, column: object) -> None:
        with database.read() as db:
            assert db.scalar(select(func.count()).where(column == user.id)) == 0  # type: ignore[arg-type]

    def test_leaves_no_file(self, user: User) -> None:
        assert list(self.store.list(f"{user.id}/")) == []
