"""Every screen of the blog, wide and narrow, light and dark. That axe finds nothing there is a standing check."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory

LONG = "A title of some length, to be wrapped " * 3
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


def save_an_old_version(page: CustomPage) -> None:
    page.evaluate("document.querySelector('[name=version]').value = 99")
    page.submit("Save Changes")


def submit_logged_out(page: CustomPage) -> None:
    page.context.clear_cookies()
    page.submit("Next", title="Kept", content="All of it")


def come_back(page: CustomPage) -> None:
    page.get_by_label("Content").fill("Not saved yet")
    page.reload()


def upload_logged_out(page: CustomPage) -> None:
    page.context.clear_cookies()
    page.choose()
    expect(page.upload_status).to_contain_text("You must log in!")


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
    Screen("the provider's page", "/auth/google", logged_in=False),
    Screen("no such page", "/nothing/here", logged_in=False),
    Screen("the logout question", "/auth/logout"),
    Screen("the logout question, logged out", "/auth/logout", logged_in=False),
    Screen("the list", "/blogs"),
    Screen("the empty list", "/blogs", act=lambda page: page.login()),
    Screen("the form", "/blogs/new"),
    Screen("the form with text that came back", "/blogs/new", act=come_back),
    Screen("the form with errors", "/blogs/new", act=lambda page: page.submit("Next")),
    Screen("the review", "/blogs/new", act=lambda page: review(page)),
    Screen("the review, uploading", "/blogs/new", act=lambda page: review(page).upload_without_end()),
    Screen("the review, uploaded", "/blogs/new", act=lambda page: review(page).upload()),
    Screen("the review, upload failed", "/blogs/new", act=lambda page: review(page).fail_to_upload()),
    Screen("the review, logged out while uploading", "/blogs/new", act=lambda page: upload_logged_out(review(page))),
    Screen("a blog", "/blogs/{blog}"),
    Screen("a blog, shared with a wrong address", "/blogs/{blog}", act=lambda page: page.submit("Share", email="x")),
    Screen("a shared blog", "/blogs/{shared}"),
    Screen("the edit form", "/blogs/{blog}/edit"),
    Screen("the edit form with text that came back", "/blogs/{blog}/edit", act=come_back),
    Screen("the edit form with errors", "/blogs/{blog}/edit", act=lambda page: page.submit("Save", title="")),
    Screen("two tabs at once", "/blogs/{blog}/edit", act=save_an_old_version),
    Screen("text typed by somebody logged out", "/blogs/new", act=submit_logged_out),
    Screen("the delete question", "/blogs/{blog}/delete"),
    Screen("the account", "/account"),
    Screen("the account with a name that is none", "/account", act=lambda page: page.submit("Change name", name="")),
    Screen("the question before an account goes", "/account/delete"),
]


@pytest.mark.parametrize(("scheme", "viewport"), [("light", PHONE), ("dark", DESKTOP)], ids=["phone", "desktop"])
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
class TestAPage:
    @pytest.fixture(autouse=True)
    def opened(
        self,
        screen: Screen,
        scheme: str,
        viewport: dict[str, int],
        new_page: NewPage,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
    ) -> None:
        user = user_factory()
        blog = blog_factory(user, title=LONG)
        shared = blog_factory(user_factory(name="Long" * 30), title=LONG, shared_with=user)
        share_factory(blog)
        share_factory(blog, email="a" * 200 + "@people.invalid")
        self.page = new_page(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
        if screen.logged_in:
            self.page.login(user, screen.path.format(blog=blog.id, shared=shared.id))
        else:
            self.page.goto(screen.path)
        screen.act(self.page)

    def test_needs_no_sideways_scrolling(self) -> None:
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
