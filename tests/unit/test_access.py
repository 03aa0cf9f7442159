"""Every route against every kind of caller. A route without a row here fails."""

import re
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.auth.queries import end_sessions
from app.blogs.forms import Change
from app.blogs.queries import remove, revise
from app.db import Database
from app.sharing.queries import stop_sharing
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor


class Row(NamedTuple):
    """The status that each caller gets. A disabled or logged-out person is anonymous.

    The reader is somebody the blog is shared with: a stranger, but where it says otherwise.
    """

    anonymous: int
    stranger: int
    owner: int
    reader: int | None = None


ANYBODY_200 = Row(200, 200, 200)
DRAFT = {"title": "T", "content": "C"}
INVITATION = {"email": "somebody.else@people.invalid"}

TABLE: dict[tuple[str, str], Row] = {
    ("GET", "/"): ANYBODY_200,
    ("GET", "/about"): ANYBODY_200,
    ("GET", "/static/<path:filename>"): ANYBODY_200,
    ("GET", "/healthz"): ANYBODY_200,
    ("GET", "/readyz"): ANYBODY_200,
    ("GET", "/metrics"): ANYBODY_200,
    ("GET", "/auth/google"): Row(503, 503, 503),  # these tests run no provider
    ("GET", "/auth/google/callback"): Row(400, 400, 400),
    ("GET", "/auth/logout"): ANYBODY_200,
    ("POST", "/auth/logout"): Row(303, 303, 303),
    ("GET", "/api/current_user"): ANYBODY_200,
    ("GET", "/api/openapi.json"): ANYBODY_200,
    ("GET", "/blogs"): Row(401, 200, 200),
    ("GET", "/blogs/shared"): Row(401, 200, 200),
    ("GET", "/blogs/search"): Row(401, 200, 200),
    ("GET", "/blogs/new"): Row(401, 200, 200),
    ("POST", "/blogs/new"): Row(401, 200, 200),
    ("GET", "/blogs/<id:blog_id>"): Row(401, 404, 200, reader=200),
    ("GET", "/blogs/<id:blog_id>/edit"): Row(401, 404, 200),
    ("POST", "/blogs/<id:blog_id>/edit"): Row(401, 404, 303),
    ("GET", "/blogs/<id:blog_id>/delete"): Row(401, 404, 200),
    ("POST", "/blogs/<id:blog_id>/delete"): Row(401, 404, 303),
    ("GET", "/blogs/<id:blog_id>/versions"): Row(401, 404, 200),
    ("GET", "/blogs/<id:blog_id>/versions/<id:number>"): Row(401, 404, 200),
    ("POST", "/blogs/<id:blog_id>/versions/<id:number>/restore"): Row(401, 404, 303),
    ("GET", "/blogs/drafts"): Row(401, 200, 200),
    ("POST", "/blogs/drafts/<key:key>/delete"): Row(401, 404, 303),
    ("GET", "/api/drafts"): Row(401, 200, 200),
    ("GET", "/api/drafts/<key:key>"): Row(401, 404, 200),
    ("PUT", "/api/drafts/<key:key>"): Row(401, 200, 200),
    ("DELETE", "/api/drafts/<key:key>"): Row(401, 404, 204),
    ("GET", "/api/blogs/<id:blog_id>/versions"): Row(401, 404, 200),
    ("GET", "/api/blogs/<id:blog_id>/versions/<id:number>"): Row(401, 404, 200),
    ("POST", "/api/blogs/<id:blog_id>/versions/<id:number>/restore"): Row(401, 404, 200),
    ("GET", "/api/bin"): Row(401, 200, 200),
    ("POST", "/api/bin/<id:blog_id>/restore"): Row(401, 404, 200),
    ("DELETE", "/api/bin/<id:blog_id>"): Row(401, 404, 204),
    ("GET", "/blogs/bin"): Row(401, 200, 200),
    ("POST", "/blogs/bin/<id:blog_id>/restore"): Row(401, 404, 303),
    ("GET", "/blogs/bin/<id:blog_id>/delete"): Row(401, 404, 200),
    ("POST", "/blogs/bin/<id:blog_id>/delete"): Row(401, 404, 303),
    ("GET", "/attachments/<id:attachment_id>"): Row(401, 404, 200, reader=200),
    ("GET", "/store/<path:key>"): Row(403, 403, 403),
    ("PUT", "/store/<path:key>"): Row(403, 403, 403),
    ("POST", "/api/attachments"): Row(401, 422, 422),
    ("GET", "/api/attachments/<id:attachment_id>"): Row(401, 404, 200),
    ("POST", "/api/attachments/<id:attachment_id>/parts"): Row(401, 422, 422),
    ("POST", "/api/attachments/<id:attachment_id>/finish"): Row(401, 422, 422),
    ("GET", "/api/attachments/<id:attachment_id>/url"): Row(401, 404, 200, reader=200),
    ("POST", "/blogs/<id:blog_id>/shares"): Row(401, 404, 303),
    ("POST", "/blogs/<id:blog_id>/shares/<id:share_id>/delete"): Row(401, 404, 303),
    ("GET", "/blogs/<id:blog_id>/decline"): Row(401, 404, 404, reader=200),
    ("POST", "/blogs/<id:blog_id>/decline"): Row(401, 404, 404, reader=303),
    ("POST", "/blogs/<id:blog_id>/block"): Row(401, 404, 404, reader=303),
    ("DELETE", "/api/shared/<id:blog_id>"): Row(401, 404, 404, reader=204),
    ("POST", "/api/shared/<id:blog_id>/block"): Row(401, 404, 404, reader=201),
    ("GET", "/account"): Row(401, 200, 200),
    ("POST", "/account/name"): Row(401, 422, 422),
    ("GET", "/account/export"): Row(401, 200, 200),
    ("POST", "/account/import"): Row(401, 422, 422),
    ("GET", "/account/delete"): Row(401, 200, 200),
    ("POST", "/account/delete"): Row(401, 422, 422),
    ("GET", "/api/usage"): Row(401, 200, 200),
    ("GET", "/api/blocks"): Row(401, 200, 200),
    ("DELETE", "/api/blocks/<id:block_id>"): Row(401, 404, 204),
    ("POST", "/blocks/<id:block_id>/delete"): Row(401, 404, 303),
    ("GET", "/api/blogs"): Row(401, 200, 200),
    ("POST", "/api/blogs"): Row(401, 201, 201),
    ("GET", "/api/blogs/<id:blog_id>"): Row(401, 404, 200, reader=200),
    ("PATCH", "/api/blogs/<id:blog_id>"): Row(401, 404, 200),
    ("DELETE", "/api/blogs/<id:blog_id>"): Row(401, 404, 204),
    ("GET", "/api/shared"): Row(401, 200, 200),
    ("GET", "/api/blogs/<id:blog_id>/shares"): Row(401, 404, 200),
    ("POST", "/api/blogs/<id:blog_id>/shares"): Row(401, 404, 201),
    ("DELETE", "/api/blogs/<id:blog_id>/shares/<id:share_id>"): Row(401, 404, 204),
}


def request(client: FlaskClient, route: tuple[str, str], ids: dict[str, str]) -> int:
    method, rule = route
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found.group(1)], rule)
    document = INVITATION if rule.endswith("/shares") else DRAFT
    form = {**document, "version": "1"} if rule.endswith("/edit") else document
    is_api = path.startswith("/api/")
    body = {"json": document if is_api else None, "data": None if is_api else form} if method != "GET" else {}
    arguments: Any = {"method": method, **body}
    with client.open(path, **arguments) as answer:
        return answer.status_code


class TestTheUrlMap:
    def test_has_a_row_for_every_route(self, app: Flask) -> None:
        routes = {
            (method, rule.rule)
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        assert routes == set(TABLE)


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
class TestARoute:
    @pytest.fixture(autouse=True)
    def ready(
        self,
        route: tuple[str, str],
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
        attachment_factory: AttachmentFactory,
        database: Database,
    ) -> None:
        self.owner, self.reader, self.client_for = user_factory(), user_factory(), client_for
        blog = blog_factory(self.owner)
        self.share = share_factory(blog, self.reader)
        self.ids = {"blog_id": str(blog.id), "share_id": str(self.share.id)}
        self.ids |= {"filename": "inkwell.css", "key": "1/none", "number": "1"}
        if "/drafts/" in route[1]:
            self.ids["key"] = "of-the-owner"
            client_for(self.owner).put("/api/drafts/of-the-owner", json=DRAFT)
        if "/versions" in route[1]:
            with database.write() as db:
                revise(db, self.owner.id, blog.id, Change(title="Changed"))
        if "/bin/" in route[1]:
            self.ids["blog_id"] = str(blog_factory(self.owner).id)
            with database.write() as db:
                remove(db, self.owner.id, int(self.ids["blog_id"]))
        if "block_id" in route[1]:
            # The owner of a block has blocked somebody else than those who ask here.
            self.ids["block_id"] = str(self.block_of_owner(user_factory, blog_factory))
        if "attachment_id" in route[1]:
            self.ids["attachment_id"] = str(attachment_factory(self.owner, blog).id)

    def block_of_owner(self, user_factory: UserFactory, blog_factory: BlogFactory) -> int:
        blog = blog_factory(user_factory(), shared_with=self.owner)
        answer = self.client_for(self.owner).post(f"/api/shared/{blog.id}/block", json={})
        return int(answer.get_json()["id"])

    def test_answers_anybody(self, route: tuple[str, str]) -> None:
        assert request(self.client_for(), route, self.ids) == TABLE[route].anonymous

    def test_answers_its_owner(self, route: tuple[str, str]) -> None:
        assert request(self.client_for(self.owner), route, self.ids) == TABLE[route].owner

    def test_answers_a_stranger(self, route: tuple[str, str], user_factory: UserFactory) -> None:
        assert request(self.client_for(user_factory()), route, self.ids) == TABLE[route].stranger

    def test_answers_somebody_it_is_shared_with(self, route: tuple[str, str]) -> None:
        row = TABLE[route]
        expected = row.stranger if row.reader is None else row.reader
        assert request(self.client_for(self.reader), route, self.ids) == expected

    def test_takes_somebody_it_was_shared_with_for_a_stranger(self, route: tuple[str, str], database: Database) -> None:
        with database.write() as db:
            stop_sharing(db, self.owner.id, self.share.blog_id, self.share.id)
        assert request(self.client_for(self.reader), route, self.ids) == TABLE[route].stranger

    def test_takes_somebody_with_a_share_of_another_blog_for_a_stranger(
        self,
        route: tuple[str, str],
        user_factory: UserFactory,
        blog_factory: BlogFactory,
    ) -> None:
        other_reader = user_factory()
        blog_factory(self.owner, shared_with=other_reader)
        assert request(self.client_for(other_reader), route, self.ids) == TABLE[route].stranger

    def test_takes_an_unverified_address_it_is_shared_with_for_a_stranger(
        self, route: tuple[str, str], user_factory: UserFactory
    ) -> None:
        pretender = user_factory(email=self.reader.email, email_verified=False)
        assert request(self.client_for(pretender), route, self.ids) == TABLE[route].stranger

    def test_takes_a_disabled_owner_for_anybody(self, route: tuple[str, str], database: Database) -> None:
        with database.write() as db:
            db.get_one(User, self.owner.id).disabled = True
        assert request(self.client_for(self.owner), route, self.ids) == TABLE[route].anonymous

    def test_takes_a_logged_out_owner_for_anybody(self, route: tuple[str, str], database: Database) -> None:
        with database.write() as db:
            end_sessions(db, self.owner.id)
        assert request(self.client_for(self.owner), route, self.ids) == TABLE[route].anonymous
