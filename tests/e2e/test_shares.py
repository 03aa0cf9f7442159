"""Sharing a blog with somebody, and reading what others share."""

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from app.blogs.models import Blog
from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory


@pytest.fixture
def ada(user_factory: UserFactory) -> User:
    return user_factory(name="Ada Lovelace")


@pytest.fixture
def blog(ada: User, blog_factory: BlogFactory) -> Blog:
    return blog_factory(ada, title="On engines", content="They weave patterns.")


@pytest.fixture
def friend(user_factory: UserFactory) -> User:
    return user_factory()


class TestAtABlogOfOnesOwn:
    @pytest.fixture(autouse=True)
    def at_the_blog(self, page: CustomPage, ada: User, blog: Blog) -> None:
        page.login(ada, f"/blogs/{blog.id}")

    def test_reads_that_nobody_else_can_read_it(self, page: CustomPage) -> None:
        expect(page.get_by_text("only you can read this blog")).to_be_visible()

    class TestSharingIt:
        @pytest.fixture(autouse=True)
        def shared(self, at_the_blog: None, page: CustomPage, new_page: NewPage, friend: User) -> None:
            page.submit("Share", email=str(friend.email).upper())
            self.friends_page = new_page()
            self.friends_page.login(friend, "/blogs/shared")

        @pytest.mark.looks
        def test_sees_with_whom_it_is_shared(self, page: CustomPage, friend: User) -> None:
            people = page.get_by_role("region", name="Shared with").get_by_role("listitem")
            expect(people).to_contain_text([str(friend.email)])

        @pytest.mark.looks
        def test_finds_the_field_empty_again(self, page: CustomPage) -> None:
            expect(page.get_by_label("E-mail", exact=True)).to_be_empty()

        def test_sees_it_in_the_list(self, page: CustomPage) -> None:
            page.goto("/blogs")
            expect(page.locator(".card footer")).to_contain_text(["shared with 1 person"])

        @pytest.mark.looks
        def test_lets_the_other_find_it(self) -> None:
            expect(self.friends_page.get_by_role("article")).to_contain_text(["by Ada Lovelace"])

        def test_lets_the_other_read_it(self) -> None:
            self.friends_page.get_by_role("link", name="Read On engines").click()
            expect(self.friends_page.get_by_role("heading", name="On engines")).to_be_visible()

        def test_may_do_so_again(self, page: CustomPage, friend: User) -> None:
            page.submit("Share", email=str(friend.email))
            expect(page.get_by_role("button", name="Stop sharing")).to_have_count(1)

    class TestStopping:
        @pytest.fixture(autouse=True)
        def stopped(
            self,
            at_the_blog: None,
            page: CustomPage,
            new_page: NewPage,
            share_factory: ShareFactory,
            blog: Blog,
            friend: User,
        ) -> None:
            share_factory(blog, friend)
            self.friends_page = new_page()
            self.friends_page.login(friend, f"/blogs/{blog.id}")
            page.reload()
            page.submit("Stop sharing")

        @pytest.mark.looks
        def test_sees_that_nobody_else_can_read_it(self, page: CustomPage) -> None:
            expect(page.get_by_text("only you can read this blog")).to_be_visible()

        def test_takes_the_page_away_from_the_other(self) -> None:
            self.friends_page.reload()
            expect(self.friends_page.get_by_text("There is no such blog.")).to_be_visible()

        def test_takes_it_from_the_others_list(self) -> None:
            self.friends_page.goto("/blogs/shared")
            expect(self.friends_page.get_by_text("Nothing is shared with you yet.")).to_be_visible()

    @pytest.mark.looks
    class TestTypingNoAddress:
        @pytest.fixture(autouse=True)
        def submitted(self, at_the_blog: None, page: CustomPage) -> None:
            page.submit("Share", email="Charles Babbage")

        def test_reads_what_is_wrong(self, page: CustomPage) -> None:
            assert page.get_contents_of(".email .red-text") == "Enter an e-mail address"

        def test_finds_what_was_typed(self, page: CustomPage) -> None:
            expect(page.get_by_label("E-mail", exact=True)).to_have_value("Charles Babbage")

        def test_still_sees_the_blog(self, page: CustomPage) -> None:
            expect(page.get_by_role("heading", name="On engines")).to_be_visible()

    class TestTypingOnesOwnAddress:
        @pytest.fixture(autouse=True)
        def submitted(self, at_the_blog: None, page: CustomPage, ada: User) -> None:
            page.submit("Share", email=str(ada.email))

        def test_reads_that_it_is_ones_own(self, page: CustomPage) -> None:
            expect(page.locator(".email .red-text")).to_contain_text("This is your own address")


@pytest.mark.looks
class TestAtABlogSharedByAnother:
    @pytest.fixture(autouse=True)
    def at_the_blog(self, page: CustomPage, share_factory: ShareFactory, blog: Blog, friend: User) -> None:
        share_factory(blog, friend)
        page.login(friend, f"/blogs/{blog.id}")

    def test_reads_it_whole(self, page: CustomPage) -> None:
        expect(page.locator(".prose")).to_have_text("They weave patterns.")

    def test_reads_who_wrote_it(self, page: CustomPage) -> None:
        expect(page.get_by_text("by Ada Lovelace")).to_be_visible()

    @pytest.mark.parametrize("action", ["Edit", "Delete"])
    def test_is_not_offered_to_change_it(self, page: CustomPage, action: str) -> None:
        expect(page.get_by_role("link", name=action)).to_have_count(0)

    def test_does_not_see_with_whom_it_is_shared(self, page: CustomPage) -> None:
        expect(page.get_by_text("Shared with")).to_have_count(0)


class TestWithNothingShared:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage) -> None:
        page.login(path="/blogs/shared")

    def test_is_told_how_something_would_be(self, page: CustomPage) -> None:
        expect(page.get_by_text("you will see it here.")).to_be_visible()


class TestWithoutJavaScript:
    @pytest.fixture(autouse=True)
    def at_a_blog(self, new_page: NewPage, ada: User, blog: Blog) -> None:
        self.page = new_page(java_script_enabled=False)
        self.page.login(ada, f"/blogs/{blog.id}")

    def test_shares_and_stops_all_the_same(self) -> None:
        self.page.submit("Share", email="friend@people.invalid")
        self.page.submit("Stop sharing")
        expect(self.page.get_by_text("only you can read this blog")).to_be_visible()
