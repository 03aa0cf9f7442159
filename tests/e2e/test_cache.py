"""What is served from the query cache, and what no longer is."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from app.auth.models import User
from app.blogs.models import Blog
from app.config import Settings
from app.db import MAX_ID
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.live_server import LiveBlog
from tests.e2e.site_cache import SiteCache
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import until


@pytest.fixture
def user(user_factory: UserFactory) -> User:
    return user_factory()


@pytest.fixture
def blog(user: User, blog_factory: BlogFactory) -> Blog:
    return blog_factory(user, title="On ink", content="It dries.")


@pytest.fixture
def visited(page: CustomPage, cache: SiteCache, user: User, blog: Blog) -> None:
    """The visitor has seen the list, and it is recorded."""
    page.login(user)
    cache.wait_for(user, "cards_by")


class TestAFirstVisit:
    def test_is_read_from_the_database(self, page: CustomPage, cache: SiteCache) -> None:
        page.login()
        page.expect_cache("miss")

    def test_needs_no_cache_for_a_page_without_blogs(self, page: CustomPage, cache: SiteCache) -> None:
        page.login(path="/blogs/new")
        page.expect_cache(None)


@pytest.mark.usefixtures("visited")
class TestASecondVisit:
    def test_is_served_from_the_cache(self, page: CustomPage) -> None:
        page.reload()
        page.expect_cache("hit")

    def test_shows_the_same(self, page: CustomPage) -> None:
        page.reload()
        expect(page.locator(".card-title")).to_have_text(["On ink"])

    def test_is_served_from_the_cache_in_another_browser(self, new_page: NewPage, user: User) -> None:
        other = new_page()
        other.login(user)
        other.expect_cache("hit")

    def test_is_served_from_the_cache_after_logging_out_and_in(self, page: CustomPage, user: User) -> None:
        page.context.clear_cookies()
        page.login(user)
        page.expect_cache("hit")

    def test_is_read_anew_once_the_cache_was_cleared(self, page: CustomPage, cache: SiteCache, user: User) -> None:
        cache.clear(user)
        page.reload()
        page.expect_cache("miss")

    def test_gives_nothing_to_who_is_logged_out(self, page: CustomPage) -> None:
        page.context.clear_cookies()
        page.goto("/blogs")
        page.expect_cache(None)

    @pytest.mark.looks
    def test_is_told_to_the_programmer_when_it_is_not_as_claimed(self, page: CustomPage) -> None:
        with pytest.raises(AssertionError, match=r"/blogs should .* X-Cache hit, and says miss \(cards_by;dur="):
            page.expect_cache("hit", timeout=1)


class TestTheOtherWorker:
    @pytest.fixture(autouse=True)
    def asked(self, visited: None, user: User, site: LiveBlog, session_factory: SessionFactory) -> None:
        """It has answered too: a worker whose first answer is a hit has it from Redis."""
        request = Request(f"{site.url}/blogs", headers=session_factory(user).header)  # noqa: S310  a site of ours
        self.answers: list[Any] = []

        def ask(_turn: int) -> Any:
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.headers

        def both_have_answered() -> bool:
            with ThreadPoolExecutor(16) as pool:
                self.answers += pool.map(ask, range(16))
            return any('desc="hit redis"' in answer["Server-Timing"] for answer in self.answers)

        until(both_have_answered)

    def test_serves_from_the_cache_as_well(self) -> None:
        assert {answer["X-Cache"] for answer in self.answers} == {"hit"}


@pytest.mark.usefixtures("visited")
class TestWriting:
    def test_a_blog_makes_the_list_fresh(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        page.submit("Next", title="On paper", content="It folds.")
        page.submit("Save Blog")
        page.expect_cache("miss")
        expect(page.locator(".card-title")).to_have_text(["On paper", "On ink"])

    def test_a_change_makes_the_blog_fresh(self, page: CustomPage, blog: Blog) -> None:
        page.goto(f"/blogs/{blog.id}/edit")
        page.submit("Save Changes", title="On blue ink")
        page.expect_cache("miss")
        expect(page.get_by_role("heading", name="On blue ink")).to_be_visible()

    def test_a_change_makes_the_list_fresh(self, page: CustomPage, blog: Blog) -> None:
        page.goto(f"/blogs/{blog.id}/edit")
        page.submit("Save Changes", title="On blue ink")
        page.goto("/blogs")
        page.expect_cache("miss")
        expect(page.locator(".card-title")).to_have_text(["On blue ink"])

    def test_no_more_makes_the_list_fresh(self, page: CustomPage, blog: Blog) -> None:
        page.goto(f"/blogs/{blog.id}/delete")
        page.submit("Delete Blog")
        page.expect_cache("miss")
        expect(page.get_by_text("Nothing written yet.")).to_be_visible()

    def test_clears_what_was_cached_before(self, page: CustomPage, cache: SiteCache, user: User) -> None:
        page.post("/api/blogs", {"title": "On paper", "content": "It folds."})
        until(lambda: cache.entries(user) == [])


class TestAPersonWhileSomebodyElseWrites:
    @pytest.fixture(autouse=True)
    def somebody_else_wrote(self, visited: None, page: CustomPage, new_page: NewPage) -> None:
        other = new_page()
        other.login()
        other.post("/api/blogs", {"title": "Elsewhere", "content": "By another."})

    @pytest.mark.looks
    def test_keeps_what_is_cached(self, cache: SiteCache, user: User) -> None:
        assert cache.entries(user) == [f"cards_by(after=None, limit=20, owner_id={user.id})"]

    def test_is_still_served_from_the_cache(self, page: CustomPage) -> None:
        page.reload()
        page.expect_cache("hit")


class TestAnApiAnswer:
    @pytest.fixture(autouse=True)
    def asked(self, visited: None, page: CustomPage, cache: SiteCache, user: User) -> None:
        page.context.request.get("/api/blogs")
        cache.wait_for(user, "blogs_by")

    @pytest.mark.looks
    def test_says_where_it_is_from(self, page: CustomPage) -> None:
        assert page.context.request.get("/api/blogs").headers["x-cache"] == "hit"

    @pytest.mark.looks
    def test_says_how_long_it_took(self, page: CustomPage) -> None:
        timing = page.context.request.get("/api/blogs").headers["server-timing"]
        assert timing.startswith("blogs_by;dur=")

    def test_of_a_blog_that_is_not_there_is_cached_too(self, page: CustomPage, cache: SiteCache, user: User) -> None:
        page.context.request.get(f"/api/blogs/{MAX_ID}")
        cache.wait_for(user, "blog_by")
        assert page.context.request.get(f"/api/blogs/{MAX_ID}").status == 404


@pytest.mark.usefixtures("visited")
class TestEveryKeyInRedis:
    def test_expires(self, cache: SiteCache, site_settings: Settings) -> None:
        lifetimes = cache.lifetimes()
        assert (len(lifetimes) > 0, [left for left in lifetimes if not 0 <= left <= site_settings.cache_ttl]) == (
            True,
            [],
        )
