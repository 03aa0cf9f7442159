"""A card shows a picture of its blog, wherever in the blog that is."""

import re

import pytest
from flask.testing import FlaskClient

from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.forms import Draft
from app.blogs.queries import publish
from app.db import Database
from tests.factories.attachment import AttachmentFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases


def thumbs(caller: FlaskClient, path: str = "/blogs") -> list[int]:
    """The ids of the pictures in the list."""
    return [int(found) for found in re.findall(r'class="thumb" src="/attachments/(\d+)\?', caller.get(path).text)]


class TestTheCardOfABlog:
    @pytest.fixture(autouse=True)
    def uploaded(self, user: User, database: Database, attachment_factory: AttachmentFactory) -> None:
        self.user, self.database = user, database
        self.pictures = [attachment_factory(user) for _ in range(3)]

    def publish(self, *in_text: Attachment, top: Attachment | None = None) -> None:
        content = "Text. " + " ".join(f"![](/attachments/{picture.id})" for picture in in_text)
        with self.database.write() as db:
            draft = Draft(title="T", content=content, attachment_id=top.id if top else None)
            self.blog = publish(db, self.user.id, draft)

    def test_shows_the_picture_at_the_top(self, caller: FlaskClient) -> None:
        in_text, top, _ = self.pictures
        self.publish(in_text, top=top)
        assert thumbs(caller) == [top.id]

    def test_shows_the_first_in_the_text_where_none_is_there(self, caller: FlaskClient) -> None:
        first, second, _ = self.pictures
        self.publish(first, second)
        assert thumbs(caller) == [first.id]

    def test_shows_no_file_that_is_no_picture(self, caller: FlaskClient, attachment_factory: AttachmentFactory) -> None:
        file = attachment_factory(self.user, width=None, height=None, content_type="application/pdf")
        self.publish(file, self.pictures[0])
        assert thumbs(caller) == [self.pictures[0].id]

    def test_shows_none_any_more_when_it_was_taken_out_of_the_text(self, caller: FlaskClient) -> None:
        self.publish(self.pictures[0])
        caller.patch(f"/api/blogs/{self.blog.id}", json={"content": "Text"})
        assert thumbs(caller) == []

    def test_shows_it_to_a_reader_too(
        self, client_for: ClientFor, user_factory: UserFactory, share_factory: ShareFactory
    ) -> None:
        self.publish(self.pictures[0])
        reader = user_factory()
        share_factory(self.blog, reader)
        assert thumbs(client_for(reader), "/blogs/shared") == [self.pictures[0].id]
