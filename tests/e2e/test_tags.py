"""What a blog is filed under: typed below its text, and a way to the others."""

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.live_server import LiveBlog
from tests.factories.blog import BlogFactory
from tests.factories.many import many_blogs
from tests.factories.user import UserFactory
from tests.forge.fixtures import ClientFor
from tests.hostile_texts import HOSTILE


class TestWriting:
    @pytest.fixture(autouse=True)
    def submitted(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        page.submit("Next", title="First light", content="It was bright.", tags="Sun, #slow food")

    @pytest.mark.looks
    def test_sees_the_tags_at_the_review(self, page: CustomPage) -> None:
        expect(page.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["sun", "slow food"])

    def test_finds_them_again_by_going_back(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Back").click()
        expect(page.get_by_label("Tags")).to_have_value("Sun, #slow food")

    def test_saves_them(self, page: CustomPage) -> None:
        page.click("button.green")
        expect(page.get_by_role("article").get_by_role("link")).to_have_text(["sun", "slow food", "Read"])


class TestWritingTooLongATag:
    @pytest.fixture(autouse=True)
    def submitted(self, page: CustomPage) -> None:
        page.login(path="/blogs/new")
        page.submit("Next", title="First light", content="It was bright.", tags="x" * 41)

    @pytest.mark.looks
    def test_is_told_what_to_do(self, page: CustomPage) -> None:
        expect(page.locator(".tags .red-text")).to_contain_text("Use at most 40 characters for a tag")

    @pytest.mark.looks
    def test_loses_nothing(self, page: CustomPage) -> None:
        expect(page.get_by_label("Tags")).to_have_value("x" * 41)
        expect(page.get_by_label("Content")).to_have_value("It was bright.")


class TestAtAListWithTags:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.writer: User = user_factory()
        blog_factory(self.writer, title="On ink", tags=["slow food", "ink"])
        blog_factory(self.writer, title="On paper", tags=["paper"])
        page.login(self.writer, "/blogs")

    def test_gets_to_those_with_a_tag(self, page: CustomPage, site: LiveBlog) -> None:
        page.get_by_role("link", name="slow food").click()
        expect(page.locator(".card-title")).to_have_text(["On ink"])
        expect(page).to_have_url(f"{site.url}/blogs?tag=slow+food")

    def test_gets_back_to_all(self, page: CustomPage) -> None:
        page.get_by_role("link", name="slow food").click()
        page.get_by_role("link", name="Show all").click()
        expect(page.locator(".card-title")).to_have_text(["On paper", "On ink"])

    def test_still_reads_by_a_click_anywhere_else(self, page: CustomPage) -> None:
        # What is clicked is the link that lies over all of the row.
        page.locator(".card-title").first.click(force=True)
        expect(page.locator("h1")).to_have_text("On paper")


class TestAtALongListOfATag:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage, user_factory: UserFactory, database: Database) -> None:
        writer = user_factory()
        many_blogs(database, writer, 25, tags=["ink"])
        many_blogs(database, writer, 5)
        page.login(writer, "/blogs?tag=ink")

    def test_reads_on_at_its_end(self, page: CustomPage) -> None:
        page.locator(".card").last.scroll_into_view_if_needed()
        expect(page.locator(".card")).to_have_count(25)
        expect(page.get_by_role("link", name="Older")).to_have_count(0)


class TestSomebodyElsesHostileTags:
    @pytest.fixture(autouse=True)
    def at_the_blog(
        self, new_page: NewPage, page: CustomPage, user_factory: UserFactory, client_for: ClientFor
    ) -> None:
        self.writer, reader = user_factory(), user_factory()
        client = client_for(self.writer)
        tags = [tag for tag in HOSTILE if len(tag) <= 40 and "," not in tag][:20]
        blog = client.post("/api/blogs", data={"title": "T", "content": "C", "tags": tags}).json()["id"]
        client.post(f"/api/blogs/{blog}/shares", data={"email": reader.email})
        self.reading, self.writing = new_page(), page
        self.reading.login(reader, f"/blogs/{blog}")
        self.writing.login(self.writer, "/blogs")

    def test_leave_the_pages_as_they_are(self) -> None:
        made = "main script, main iframe, main [onerror], main [onclick], main .tag-list :not(li, a)"
        assert [page.locator(made).count() for page in (self.reading, self.writing)] == [0, 0]

    def test_are_text_in_the_address_of_a_list(self) -> None:
        self.writing.goto("/blogs?tag=<script>alert(1)</script>")
        expect(self.writing.locator(".filed strong")).to_have_text("<script>alert(1)</script>")
