"""What must be true of every page: no accessibility violation, wide and narrow, light and dark."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import NewPage
from tests.e2e.custom_page import CustomPage
from tests.e2e.uploads import fail_to_upload, upload, upload_without_end
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


@dataclass(frozen=True)
class Screen:
    """A page in one state: where it is, and what the visitor does there."""

    name: str
    path: str
    logged_in: bool = True
    act: Callable[[CustomPage], object] = field(default=lambda page: None)


def review(page: CustomPage) -> CustomPage:
    page.submit("Next", title="T", content="C")
    return page


SCREENS = [
    Screen("the front page", "/", logged_in=False),
    Screen("the front page, logged in", "/"),
    Screen("a page that needs a login", "/blogs", logged_in=False),
    Screen("a failed login", "/auth/google/callback", logged_in=False),
    Screen("no such page", "/nothing/here", logged_in=False),
    Screen("the logout question", "/auth/logout", logged_in=False),
    Screen("the list", "/blogs"),
    Screen("the form", "/blogs/new"),
    Screen("the form with errors", "/blogs/new", act=lambda page: page.submit("Next")),
    Screen("the review", "/blogs/new", act=lambda page: review(page)),
    Screen("the review, uploading", "/blogs/new", act=lambda page: upload_without_end(review(page))),
    Screen("the review, uploaded", "/blogs/new", act=lambda page: upload(review(page))),
    Screen("the review, upload failed", "/blogs/new", act=lambda page: fail_to_upload(review(page))),
    Screen("a blog", "/blogs/{blog}"),
    Screen("the edit form", "/blogs/{blog}/edit"),
    Screen("the delete question", "/blogs/{blog}/delete"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
class TestAPage:
    @pytest.fixture(autouse=True)
    def opened(
        self, screen: Screen, scheme: str, new_page: NewPage, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        user = user_factory()
        blog = blog_factory(user, title="A title of some length, to be wrapped " * 3)
        self.page = new_page(color_scheme=scheme, viewport=PHONE, reduced_motion="reduce")
        if screen.logged_in:
            self.page.login(user, screen.path.format(blog=blog.id))
        else:
            self.page.goto(screen.path)
        screen.act(self.page)

    def test_has_nothing_that_axe_objects_to(self) -> None:
        results = Axe().run(self.page)
        assert results.violations_count == 0, results.generate_report()

    def test_needs_no_sideways_scrolling(self) -> None:
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
