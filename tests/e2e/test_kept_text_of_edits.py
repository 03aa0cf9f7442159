"""An edit that was typed and not saved, with its picture: it comes back, whatever became of the blog meanwhile."""

import re

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import select

from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from tests.e2e.custom_page import CustomPage
from tests.e2e.kept_text import TYPED, finds_nothing, kept_in, reads, told, write
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN
from tests.factories.user import UserFactory


class TestAnEditedBlog:
    @pytest.fixture(autouse=True)
    def typed(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> Blog:
        user = user_factory()
        blog = blog_factory(user, content="As it was")
        page.login(user, f"/blogs/{blog.id}/edit")
        write(page)
        return blog

    def test_is_found_as_it_was_typed(self, page: CustomPage) -> None:
        page.goto(page.url)
        reads(page)

    def test_may_be_shown_as_it_is_saved(self, page: CustomPage) -> None:
        page.goto(page.url)
        page.get_by_role("button", name="Show what is saved").click()
        reads(page, "As it was")

    def test_is_no_unsaved_text_when_all_is_as_before(self, page: CustomPage) -> None:
        write(page, "As it was")
        assert kept_in(page) == []

    def test_stays_where_it_is_when_an_empty_form_is_refused(self, page: CustomPage, typed: Blog) -> None:
        page.goto("/blogs/new")
        page.submit("Next")
        page.goto(f"/blogs/{typed.id}/edit")
        reads(page)

    def test_is_forgotten_when_it_is_saved(self, page: CustomPage, typed: Blog) -> None:
        page.submit("Save Changes")
        page.goto(f"/blogs/{typed.id}/edit")
        finds_nothing(page)

    def test_is_forgotten_when_the_answer_to_its_save_was_lost(self, page: CustomPage, typed: Blog) -> None:
        page.context.request.patch(f"/api/blogs/{typed.id}", data={"content": TYPED})
        page.goto(page.url)
        finds_nothing(page)

    class TestAndChangedElsewhere:
        @pytest.fixture(autouse=True)
        def found_again(self, typed: Blog, page: CustomPage) -> None:
            page.context.request.patch(f"/api/blogs/{typed.id}", data={"content": "By somebody else"})
            page.goto(page.url)

        @pytest.mark.looks
        def test_is_told_so(self, page: CustomPage) -> None:
            expect(told(page)).to_contain_text("The blog was changed meanwhile")

        def test_shows_both_before_it_replaces_anything(self, page: CustomPage) -> None:
            page.submit("Save Changes")
            expect(page.get_by_role("alert")).to_contain_text("This blog was changed since you opened it.")
            reads(page)

        def test_is_found_again_after_seeing_both(self, page: CustomPage, typed: Blog) -> None:
            page.submit("Save Changes")
            page.goto(f"/blogs/{typed.id}/edit")
            reads(page)

        def test_is_forgotten_when_it_is_saved_knowingly(self, page: CustomPage, typed: Blog) -> None:
            page.submit("Save Changes")
            page.submit("Save Changes")
            page.goto(f"/blogs/{typed.id}/edit")
            finds_nothing(page)

    class TestAndDeletedElsewhere:
        @pytest.fixture(autouse=True)
        def deleted(self, typed: Blog, page: CustomPage) -> None:
            page.context.request.post(f"/blogs/{typed.id}/delete", headers=SAME_ORIGIN)

        def test_is_offered_as_a_new_one(self, page: CustomPage) -> None:
            page.goto(page.url)
            page.get_by_role("link", name="Write it into a new blog").click()
            reads(page)

        def test_is_found_in_the_form_of_a_new_one_after_a_save(self, page: CustomPage) -> None:
            page.submit("Save Changes")
            page.goto("/blogs/new")
            reads(page)


THE_FILE = re.compile(r"/api/attachments/\d+$")


class TestAPictureAddedWhileEditing:
    @pytest.fixture(autouse=True)
    def added(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> User:
        user = user_factory()
        page.login(user, f"/blogs/{blog_factory(user).id}/edit")
        page.upload()
        return user

    def come_back_slowly(self, page: CustomPage) -> Route:
        """Be at the form again, before the blog has told what the file is."""
        asked: list[Route] = []
        page.route(THE_FILE, lambda route: asked.append(route))
        with page.expect_request(THE_FILE):
            page.reload()
        return asked[0]

    def let_go_on(self, page: CustomPage, asked: Route) -> None:
        with page.expect_event("requestfinished"):
            asked.continue_()
        # Another request, so that the page has made something of the answer before.
        page.get("/api/current_user")

    def test_is_found_with_the_text(self, page: CustomPage) -> None:
        page.reload()
        expect(page.get_by_text("sunrise.png")).to_be_visible()

    def test_is_saved_from_there(self, page: CustomPage) -> None:
        page.reload()
        expect(page.get_by_text("sunrise.png")).to_be_visible()
        page.submit("Save Changes")
        expect(page.get_by_role("img", name="sunrise.png")).to_be_visible()

    def test_goes_with_the_text_that_is_thrown_away(self, page: CustomPage) -> None:
        page.reload()
        page.get_by_role("button", name="Show what is saved").click()
        expect(page.get_by_text("sunrise.png")).to_be_hidden()

    def test_does_not_come_when_the_text_was_thrown_away(self, page: CustomPage) -> None:
        asked = self.come_back_slowly(page)
        page.get_by_role("button", name="Show what is saved").click()
        self.let_go_on(page, asked)
        expect(page.get_by_text("sunrise.png")).to_be_hidden()

    def test_does_not_come_when_another_was_chosen(self, page: CustomPage) -> None:
        asked = self.come_back_slowly(page)
        held = page.upload_without_end("moon.png")
        self.let_go_on(page, asked)
        expect(page.get_by_text("moon.png")).to_be_visible()
        held[0].continue_()
        expect(page.get_by_text("Upload successful!")).to_be_visible()

    def test_that_is_gone_is_said_to_be_gone(self, page: CustomPage, added: User, database: Database) -> None:
        with database.write() as db:
            db.delete(db.scalars(select(Attachment).where(Attachment.uploader_id == added.id)).one())
        page.reload()
        expect(page.get_by_text("The file that you added did not come back.")).to_be_visible()
