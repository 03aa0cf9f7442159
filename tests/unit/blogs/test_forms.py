"""A blog's pages and the file that is put into it."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.attachments.queries import NoSuchAttachment
from app.auth.models import User
from app.blogs.models import Blog
from app.blogs.queries import remove
from app.db import Database
from app.errors import Changed, InkwellError
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

TYPED = {"title": "First light", "content": "It was bright."}


@pytest.fixture
def writer(client_for: ClientFor, user: User) -> FlaskClient:
    return client_for(user)


def send(writer: FlaskClient, step: str, attachment_id: object) -> TestResponse:
    return writer.post("/blogs/new", data={**TYPED, "step": step, "key": "1", "attachment_id": str(attachment_id)})


def change(writer: FlaskClient, blog: Blog, attachment_id: object, **fields: str) -> TestResponse:
    form = {**TYPED, "version": str(blog.version), "attachment_id": str(attachment_id), **fields}
    return writer.post(f"/blogs/{blog.id}/edit", data=form)


class TestAFormWithAFile:
    @pytest.fixture(autouse=True)
    def uploaded(self, user: User, attachment_factory: AttachmentFactory) -> None:
        self.attachment = attachment_factory(user)
        self.id = self.attachment.id

    def test_shows_it_at_the_review(self, writer: FlaskClient) -> None:
        address = f'src="/attachments/{self.id}?v={self.attachment.fingerprint}&amp;w=320"'
        assert address in send(writer, "review", self.id).text

    def test_keeps_it_on_the_way_back(self, writer: FlaskClient) -> None:
        assert f'name="attachment_id" value="{self.id}"' in send(writer, "edit", self.id).text

    def test_is_saved(self, writer: FlaskClient) -> None:
        assert send(writer, "save", self.id).status_code == 303


class TestAFormWithoutAFile:
    def test_is_saved(self, writer: FlaskClient) -> None:
        assert send(writer, "save", "").status_code == 303


class TestAFormWithAFileThatIsGone:
    @pytest.mark.parametrize("attachment_id", [2**62, 2**63 - 1])
    def test_is_shown_again_with_its_text(self, writer: FlaskClient, attachment_id: int) -> None:
        answer = send(writer, "save", attachment_id)
        assert (answer.status_code, TYPED["content"] in answer.text) == (404, True)

    def test_says_what_to_do(self, writer: FlaskClient) -> None:
        assert "Add it again, or save without it." in send(writer, "save", 2**62).text


class TestAnEditOfABlogWithAnImage:
    @pytest.fixture(autouse=True)
    def attached(self, user: User, blog_factory: BlogFactory, attachment_factory: AttachmentFactory) -> None:
        self.blog = blog_factory(user)
        self.id = attachment_factory(user, self.blog).id

    @pytest.mark.parametrize(
        ("wrong", "status"), [({}, 404), ({"title": ""}, 422), ({"version": "99"}, 409)], ids=["gone", "empty", "old"]
    )
    def test_still_shows_it_when_the_chosen_one_is_gone(
        self, writer: FlaskClient, wrong: dict[str, str], status: int
    ) -> None:
        answer = change(writer, self.blog, 2**62, **wrong)
        assert (answer.status_code, f'name="attachment_id" value="{self.id}"' in answer.text) == (status, True)

    @pytest.mark.parametrize(
        ("wrong", "status"), [({"title": ""}, 422), ({"version": "99"}, 409)], ids=["empty", "old"]
    )
    def test_shows_none_when_it_was_taken_off(self, writer: FlaskClient, wrong: dict[str, str], status: int) -> None:
        answer = change(writer, self.blog, "", **wrong)
        assert (answer.status_code, 'name="attachment_id" value=""' in answer.text) == (status, True)


class TestAnEditOfABlogThatIsDeletedMeanwhile:
    @pytest.mark.parametrize("error", [Changed("No."), NoSuchAttachment("No")], ids=["changed", "its file gone"])
    def test_is_shown_again_as_a_new_one(
        self,
        user: User,
        writer: FlaskClient,
        blog_factory: BlogFactory,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        error: InkwellError,
    ) -> None:
        def revise(*_: object) -> None:
            raise error

        blog = blog_factory(user)
        with database.write() as db:
            remove(db, user.id, blog.id)
        monkeypatch.setattr("app.blogs.queries.revise", revise)
        answer = change(writer, blog, "")
        assert (answer.status_code, TYPED["content"] in answer.text, "save it as a new one" in answer.text) == (
            404,
            True,
            True,
        )


class TestAFormWithAnotherPersonsFile:
    def test_reads_as_if_it_were_gone(
        self, writer: FlaskClient, attachment_factory: AttachmentFactory, user_factory: UserFactory
    ) -> None:
        others = attachment_factory(user_factory()).id
        assert send(writer, "save", others).text == send(writer, "save", 2**62).text

    def test_does_not_show_it_at_the_review(
        self, writer: FlaskClient, attachment_factory: AttachmentFactory, user_factory: UserFactory
    ) -> None:
        others = attachment_factory(user_factory()).id
        assert f"/attachments/{others}" not in send(writer, "review", others).text


class TestAFormWithAnIdThatIsNone:
    @pytest.mark.parametrize("attachment_id", ["abc", "-1", str(2**63), "9" * 5000, "1.5"])
    def test_is_shown_again_with_its_text(self, writer: FlaskClient, attachment_id: str) -> None:
        answer = send(writer, "save", attachment_id)
        assert (answer.status_code, TYPED["content"] in answer.text) == (422, True)
