"""Blogs as pages: what the browser tests cannot tell."""

import pytest

from app.auth.models import User
from app.blogs.forms import Change
from app.blogs.queries import revise
from app.db import Database
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

MARKUP = "<b>&quot;'\"bold</b>"


class TestTextThatLooksLikeMarkup:
    """In everything that people write and choose: it is shown as they wrote it, on every page."""

    @pytest.fixture(autouse=True)
    def written(
        self,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
        attachment_factory: AttachmentFactory,
    ) -> None:
        self.client_for = client_for
        self.owner = user_factory(name=f"name{MARKUP}")
        self.reader = user_factory(name=f"reader{MARKUP}")
        text = {"title": f"title{MARKUP}", "content": f"content{MARKUP}"}
        self.blog = blog_factory(self.owner, shared_with=self.reader, **text)
        share_factory(self.blog, email=f"e-mail{MARKUP}@people.invalid")
        self.picture = attachment_factory(self.owner, self.blog, filename=f"picture{MARKUP}")
        self.file = attachment_factory(self.owner, filename=f"file{MARKUP}", content_type="text/csv", width=None)

    def page(self, path: str, user: User, form: dict[str, str] | None = None) -> str:
        address = path.format(blog=self.blog)
        method = "GET" if form is None else "POST"
        return self.client_for(user).open(address, method=method, data=form).text

    def typed(self, **changes: str) -> dict[str, str]:
        return {"title": f"title{MARKUP}", "content": f"content{MARKUP}", **changes}

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/", ["name"]),
            ("/blogs", ["name", "title", "content"]),
            ("/blogs/{blog.id}", ["name", "title", "content", "picture", "e-mail"]),
            ("/blogs/{blog.id}/edit", ["title", "content", "picture"]),
            ("/blogs/{blog.id}/delete", ["title"]),
        ],
    )
    def test_is_shown_to_its_owner(self, path: str, words: list[str]) -> None:
        assert_shown(self.page(path, self.owner), words)

    @pytest.mark.parametrize(
        ("path", "words"),
        [("/blogs/shared", ["name", "title", "content"]), ("/blogs/{blog.id}", ["name", "title", "content"])],
    )
    def test_is_shown_to_a_reader(self, path: str, words: list[str]) -> None:
        assert_shown(self.page(path, self.reader), words)

    @pytest.mark.parametrize("step", ["review", "edit"])
    def test_is_shown_before_it_is_saved(self, step: str) -> None:
        form = self.typed(step=step, attachment_id=str(self.file.id))
        assert_shown(self.page("/blogs/new", self.owner, form), ["title", "content"])

    def test_is_shown_as_the_name_of_a_file_before_it_is_saved(self) -> None:
        form = self.typed(attachment_id=str(self.file.id))
        assert_shown(self.page("/blogs/new", self.owner, form), ["file"])

    def test_is_shown_as_the_name_of_a_file_to_download(self, database: Database) -> None:
        with database.write() as db:
            revise(db, self.owner.id, self.blog.id, Change(attachment_id=self.file.id))
        assert_shown(self.page("/blogs/{blog.id}", self.owner), ["file"])

    def test_is_shown_again_where_something_is_missing(self) -> None:
        assert_shown(self.page("/blogs/new", self.owner, self.typed(title="")), ["content"])

    def test_is_shown_again_beside_what_is_saved_by_now(self) -> None:
        form = self.typed(title=f"typed{MARKUP}", version="7")
        assert_shown(self.page("/blogs/{blog.id}/edit", self.owner, form), ["typed", "title", "content"])

    @pytest.mark.parametrize("path", ["/blogs/new", "/blogs/{blog.id}/edit"])
    def test_is_nothing_in_a_hidden_field(self, path: str) -> None:
        form = self.typed(title="", version=f'">{MARKUP}', attachment_id=f'">{MARKUP}')
        assert_shown(self.page(path, self.owner, form), ["content"])

    def test_is_shown_again_where_a_field_is_unknown(self) -> None:
        assert_shown(self.page("/blogs/new", self.owner, self.typed(**{f"field{MARKUP}": "x"})), ["field"])

    def test_is_shown_again_as_an_address_to_share_with(self) -> None:
        assert_shown(self.page("/blogs/{blog.id}/shares", self.owner, {"email": f"odd{MARKUP}"}), ["odd"])


def assert_shown(page: str, words: list[str]) -> None:
    """Each of them before the text that looks like markup, which is none on the page."""
    assert [word for word in words if f"{word}&lt;b&gt;" not in page] == []
    assert "<b>" not in page


class TestAnOddAddressToShareWith:
    @pytest.fixture(autouse=True)
    def at_a_blog(
        self,
        client_for: ClientFor,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
    ) -> None:
        self.client_for = client_for
        self.owner, self.stranger = user_factory(), user_factory()
        self.path = f"/blogs/{blog_factory(self.owner).id}/shares"

    def status_for(self, user: User) -> int:
        return self.client_for(user).post(self.path, data={"email": "x"}).status_code

    def test_is_refused_to_the_owner(self) -> None:
        assert self.status_for(self.owner) == 422

    def test_tells_a_stranger_nothing(self) -> None:
        assert self.status_for(self.stranger) == 404

    def test_is_no_error_of_ours_when_a_stranger_sends_it(self, caplog: pytest.LogCaptureFixture) -> None:
        self.status_for(self.stranger)
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
