"""What a browser has already is not sent again, and a page is rendered once for what it shows."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.models import User
from app.blogs.models import Blog
from app.web import pages
from tests.conftest import NewApp
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

ADDRESSES = ["/", "/blogs", "/blogs/{id}", "/api/blogs", "/api/blogs/{id}", "/api/shared", "/api/blogs/{id}/shares"]


@pytest.fixture
def reader(user_factory: UserFactory) -> User:
    return user_factory()


@pytest.fixture
def blog(reader: User, blog_factory: BlogFactory) -> Blog:
    return blog_factory(reader)


@pytest.fixture
def reading(reader: User, client_for: ClientFor) -> FlaskClient:
    return client_for(reader)


def ask_again(client: FlaskClient, path: str, first: TestResponse, tag: str = "{}") -> TestResponse:
    return client.get(path, headers={"If-None-Match": tag.format(first.headers["ETag"])})


@pytest.mark.parametrize("address", ADDRESSES)
class TestAnAnswerThatTheBrowserHas:
    @pytest.fixture(autouse=True)
    def asked(self, address: str, reading: FlaskClient, blog: Blog) -> None:
        self.path = address.format(id=blog.id)
        self.client, self.first = reading, reading.get(self.path)

    def test_is_not_sent_again(self) -> None:
        again = ask_again(self.client, self.path, self.first)
        assert (self.first.status_code, again.status_code, again.data) == (200, 304, b"")

    @pytest.mark.parametrize("tag", ["W/{}", '"another", {}', 'W/"another", W/{}'])
    def test_is_known_among_others_and_where_a_proxy_compressed_it(self, tag: str) -> None:
        assert ask_again(self.client, self.path, self.first, tag).status_code == 304

    def test_keeps_the_headers_that_it_came_with(self) -> None:
        again = ask_again(self.client, self.path, self.first)
        kept = ("ETag", "Cache-Control", "Vary", "Content-Security-Policy")
        assert [again.headers[name] for name in kept] == [self.first.headers[name] for name in kept]

    def test_is_sent_to_who_has_another(self) -> None:
        answer = self.client.get(self.path, headers={"If-None-Match": '"another"'})
        assert (answer.status_code, answer.data) == (200, self.first.data)

    def test_is_refused_to_whom_it_is_no_longer_for(self, client: FlaskClient) -> None:
        answer = client.get(self.path, headers={"If-None-Match": self.first.headers["ETag"]})
        assert answer.status_code == 401 if self.path != "/" else answer.status_code == 200


class TestAnAnswerOfWhichAnyWillDo:
    def test_is_not_sent(self, reading: FlaskClient, blog: Blog) -> None:
        assert reading.get(f"/api/blogs/{blog.id}", headers={"If-None-Match": "*"}).status_code == 304


class TestAListThatEndsEarlierThanBefore:
    def test_is_sent_anew_for_its_links(self, reading: FlaskClient, reader: User, blog_factory: BlogFactory) -> None:
        oldest, *_ = [blog_factory(reader) for _ in range(3)]
        first = reading.get("/api/blogs?limit=2")
        reading.delete(f"/api/blogs/{oldest.id}")
        again = ask_again(reading, "/api/blogs?limit=2", first)
        assert ('rel="next"' in first.headers["Link"], again.status_code, "Link" in again.headers) == (True, 200, False)


class TestAFormThatWasSent:
    @pytest.fixture(autouse=True)
    def sent(self, app: Flask, reading: FlaskClient, blog: Blog) -> None:
        self.kept = app.extensions["pages"].kept.size()
        form, headers = {"email": "nobody" * 20}, {"If-None-Match": "*"}
        self.answer = reading.post(f"/blogs/{blog.id}/shares", data=form, headers=headers)

    def test_says_what_is_wrong_whatever_the_browser_has(self) -> None:
        assert (self.answer.status_code, "nobody" in self.answer.text) == (422, True)

    def test_is_kept_by_no_worker(self, app: Flask) -> None:
        assert app.extensions["pages"].kept.size() == self.kept


class TestAListThatWasWrittenTo:
    @pytest.mark.parametrize("path", ["/blogs", "/api/blogs"])
    def test_is_sent_anew(self, reading: FlaskClient, blog: Blog, path: str) -> None:
        first = reading.get(path)
        reading.patch(f"/api/blogs/{blog.id}", json={"title": "Another title"})
        again = ask_again(reading, path, first)
        assert (again.status_code, "Another title" in again.text) == (200, True)


class TestAListOfWhatOthersShare:
    def test_is_sent_anew_when_they_stop(
        self,
        reading: FlaskClient,
        reader: User,
        user_factory: UserFactory,
        client_for: ClientFor,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
    ) -> None:
        owner = user_factory()
        share = share_factory(blog_factory(owner), reader)
        first = reading.get("/blogs/shared")
        client_for(owner).delete(f"/api/blogs/{share.blog_id}/shares/{share.id}")
        assert "card-title" in first.text
        assert "card-title" not in ask_again(reading, "/blogs/shared", first).text


class TestPagesThatShowTheSame:
    def test_differ_by_the_visitors_name(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        pages = [client_for(user_factory(name=name)).get("/blogs") for name in ("Ada", "Grace")]
        assert pages[0].headers["ETag"] != pages[1].headers["ETag"]
        assert ["logged in as Ada" in page.text for page in pages] == [True, False]

    def test_differ_by_the_sites_name(self, new_app: NewApp) -> None:
        sites = [new_app(site_name=name).test_client().get("/") for name in ("Quill", "Ink")]
        assert sites[0].headers["ETag"] != sites[1].headers["ETag"]

    def test_differ_where_the_blog_is_served_below_a_path(self, reading: FlaskClient) -> None:
        etags = {reading.get("/", base_url=f"http://localhost{root}").headers["ETag"] for root in ("", "/notes")}
        assert len(etags) == 2


class TestAPageThatWasShownBefore:
    def test_is_not_rendered_again(self, reading: FlaskClient, blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
        first = reading.get("/blogs")
        monkeypatch.setattr(pages, "render_template", lambda *_, **__: pytest.fail("It was rendered again."))
        assert reading.get("/blogs").text == first.text
