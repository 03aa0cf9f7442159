"""A reader who wants to see no more of what is shared with them."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.blogs.models import Blog
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.blogs.answers import outcome
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

GONE = (404, {"error": "There is no such blog."})


class WithTwoSharedBlogs:
    @pytest.fixture(autouse=True)
    def shared(
        self,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        attachment_factory: AttachmentFactory,
    ) -> None:
        self.sender, self.reader = user_factory(name="Ada"), user_factory()
        self.other, self.blog = (blog_factory(self.sender, shared_with=self.reader) for _ in range(2))
        self.file = attachment_factory(self.sender, self.blog)
        self.sending: FlaskClient = client_for(self.sender)
        self.reading: FlaskClient = client_for(self.reader)
        self.before = self.as_the_sender_sees_it()
        self.turn_away()

    def turn_away(self) -> None:
        raise NotImplementedError

    def as_the_sender_sees_it(self) -> list[Any]:
        path = f"/api/blogs/{self.blog.id}"
        documents = [outcome(self.sending.get(each)) for each in (path, f"{path}/shares")]
        return [*documents, self.sending.get("/blogs").text]

    def listed(self) -> list[int]:
        cards = self.reading.get("/blogs/shared").text
        found = [blog["id"] for blog in self.reading.get("/api/shared").get_json()]
        assert [blog.id for blog in (self.blog, self.other) if f'href="/blogs/{blog.id}"' in cards] == found
        return found


class TestADeclinedBlog(WithTwoSharedBlogs):
    def turn_away(self) -> None:
        self.answer = outcome(self.reading.delete(f"/api/shared/{self.blog.id}"))

    def test_is_declined(self) -> None:
        assert self.answer == (204, None)

    def test_may_be_declined_twice(self) -> None:
        assert self.reading.delete(f"/api/shared/{self.blog.id}").status_code == 204

    def test_is_on_no_list_of_the_reader(self) -> None:
        assert self.listed() == [self.other.id]

    def test_reads_as_if_it_had_never_been_shared(self) -> None:
        assert outcome(self.reading.get(f"/api/blogs/{self.blog.id}")) == GONE

    @pytest.mark.parametrize("path", ["/attachments/{}", "/api/attachments/{}/url"])
    def test_has_no_file_for_the_reader(self, path: str) -> None:
        assert self.reading.get(path.format(self.file.id)).status_code == 404

    def test_looks_to_its_owner_as_before(self) -> None:
        assert self.as_the_sender_sees_it() == self.before

    def test_does_not_show_in_what_its_owner_has_read_already(self) -> None:
        assert self.sending.get("/blogs").headers["X-Cache"] == "hit"

    def test_stays_declined_when_it_is_shared_again(self) -> None:
        body = {"email": self.reader.email}
        assert self.sending.post(f"/api/blogs/{self.blog.id}/shares", json=body).status_code == 201
        assert self.listed() == [self.other.id]

    def test_is_read_by_somebody_else_it_is_shared_with(
        self, client_for: ClientFor, user_factory: UserFactory, share_factory: ShareFactory
    ) -> None:
        third = user_factory()
        share_factory(self.blog, third)
        assert client_for(third).get(f"/api/blogs/{self.blog.id}").status_code == 200


class TestABlockedSender(WithTwoSharedBlogs):
    def turn_away(self) -> None:
        self.status, self.block = outcome(self.reading.post(f"/api/shared/{self.blog.id}/block", json={}))

    def test_is_blocked_by_name(self) -> None:
        assert (self.status, self.block.keys(), self.block["name"]) == (201, {"id", "name", "created_at"}, "Ada")

    def test_is_blocked_once_when_blocked_twice(self) -> None:
        again = outcome(self.reading.post(f"/api/shared/{self.blog.id}/block", json={}))
        assert (again, outcome(self.reading.get("/api/blocks"))) == ((201, self.block), (200, [self.block]))

    def test_has_no_blog_for_the_reader(self) -> None:
        assert (self.listed(), outcome(self.reading.get(f"/api/blogs/{self.blog.id}"))) == ([], GONE)

    def test_has_no_file_for_the_reader(self) -> None:
        assert self.reading.get(f"/attachments/{self.file.id}").status_code == 404

    def test_sees_what_was_there_before(self) -> None:
        assert self.as_the_sender_sees_it() == self.before

    def test_shares_in_vain_and_is_not_told(self, blog_factory: BlogFactory) -> None:
        later = blog_factory(self.sender)
        answer = self.sending.post(f"/api/blogs/{later.id}/shares", json={"email": self.reader.email})
        assert (answer.status_code, self.listed()) == (201, [])

    def test_does_not_keep_others_from_the_reader(self, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        theirs = blog_factory(user_factory(), shared_with=self.reader)
        assert [blog["id"] for blog in self.reading.get("/api/shared").get_json()] == [theirs.id]

    def test_is_blocked_by_nobody_else(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        third = client_for(user_factory())
        assert (outcome(third.get("/api/blocks")), third.delete(f"/api/blocks/{self.block['id']}").status_code) == (
            (200, []),
            404,
        )

    def test_is_read_by_others(
        self, client_for: ClientFor, user_factory: UserFactory, share_factory: ShareFactory
    ) -> None:
        third = user_factory()
        share_factory(self.blog, third)
        assert client_for(third).get(f"/api/blogs/{self.blog.id}").status_code == 200

    def test_is_there_again_when_unblocked(self) -> None:
        status = self.reading.delete(f"/api/blocks/{self.block['id']}").status_code
        assert (status, self.listed(), outcome(self.reading.get("/api/blocks"))) == (
            204,
            [self.blog.id, self.other.id],
            (200, []),
        )


class TestOnesOwnBlog:
    @pytest.fixture(autouse=True)
    def shared_with_oneself(self, user: User, blog_factory: BlogFactory) -> None:
        # By an address that was somebody else's at the time.
        self.blog: Blog = blog_factory(user, shared_with=user)

    def test_is_not_declined(self, caller: FlaskClient) -> None:
        assert outcome(caller.delete(f"/api/shared/{self.blog.id}")) == GONE

    def test_leads_to_no_block_of_oneself(self, caller: FlaskClient) -> None:
        assert outcome(caller.post(f"/api/shared/{self.blog.id}/block", json={})) == GONE
