"""Every screen of the blog, wide and narrow, light and dark. That axe finds nothing there is a standing check."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from app.blogs.forms import Change
from app.blogs.queries import remove, revise
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import is_kept_by_the_server, says, write
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory

LONG = "A title of some length, to be wrapped " * 3
# The narrowest that is promised, which is also a desktop at 400 %.
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 800}


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


def change_draft_elsewhere(page: CustomPage) -> None:
    is_kept_by_the_server(page)
    page.context.request.put(
        f"/api/drafts/{page.locator('[name=key]').input_value()}",
        data={"title": LONG, "content": "There", "revision": 1},
        headers=SAME_ORIGIN,
    )
    write(page, "Here")
    expect(page.locator(".draft-elsewhere")).to_be_visible()


def write_and_list_drafts(page: CustomPage) -> None:
    is_kept_by_the_server(page)
    page.goto("/blogs/drafts")


def write_offline(page: CustomPage) -> None:
    page.context.set_offline(True)
    write(page, "Here")
    says(page, re.compile("Offline"))
    # So that its page can be examined.
    page.context.set_offline(False)


def bring(page: CustomPage, name: str, text: str) -> None:
    page.get_by_label("A zip, or files").set_input_files(
        {"name": name, "mimeType": "text/markdown", "buffer": text.encode()}
    )
    page.submit("Import")


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
    Screen("that question without what confirms", "/account/delete", act=lambda page: page.submit("Delete everything")),
    Screen("an import", "/account", act=lambda page: bring(page, f"{'long-' * 30}.md", "It lasts.")),
    Screen("an import of what is none", "/account", act=lambda page: bring(page, "empty.md", "")),
    Screen("a draft that was changed elsewhere", "/blogs/new", act=change_draft_elsewhere),
    Screen("the form, offline", "/blogs/new", act=write_offline),
    Screen("the drafts", "/blogs/new", act=write_and_list_drafts),
    Screen("no drafts", "/blogs/drafts"),
    Screen("what others share", "/blogs/shared"),
    Screen("the bin", "/blogs/bin"),
    Screen("the question before a blog goes for good", "/blogs/bin/{binned}/delete"),
    Screen("what was found", "/blogs/search?q=title"),
    Screen("nothing found", "/blogs/search?q=nothing"),
    Screen("the versions", "/blogs/{blog}/versions"),
    Screen("a version", "/blogs/{blog}/versions/1"),
    Screen("the question before a shared blog goes", "/blogs/{shared}/decline"),
    Screen("about", "/about", logged_in=False),
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
        database: Database,
    ) -> None:
        user = user_factory()
        blog = blog_factory(user, title=LONG)
        shared = blog_factory(user_factory(name="Long" * 30), title=LONG, shared_with=user)
        share_factory(blog)
        share_factory(blog, email="a" * 200 + "@people.invalid")
        binned = blog_factory(user, title=LONG)
        with database.write() as db:
            revise(db, user.id, blog.id, Change(content="Of another kind. " * 20))
            remove(db, user.id, binned.id)
        self.page = new_page(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
        if screen.logged_in:
            self.page.login(user, screen.path.format(blog=blog.id, shared=shared.id, binned=binned.id))
        else:
            self.page.goto(screen.path)
        screen.act(self.page)

    def test_needs_no_sideways_scrolling(self) -> None:
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class TestInForcedColours:
    @pytest.fixture(autouse=True)
    def logged_in(self, new_page: NewPage) -> None:
        self.page = new_page(forced_colors="active")
        self.page.login()

    def color_of(self, selector: str, name: str) -> str:
        color: str = self.page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{name}")
        return color

    def test_sees_which_tab_is_open(self) -> None:
        here, elsewhere, paper = (
            self.color_of(".tabs a[aria-current]", "borderBottomColor"),
            self.color_of(".tabs a:not([aria-current])", "borderBottomColor"),
            self.color_of("body", "backgroundColor"),
        )
        assert (here != paper, elsewhere) == (True, paper)

    def test_sees_where_a_button_ends(self) -> None:
        assert self.color_of(".btn", "borderTopColor") != self.color_of("body", "backgroundColor")

    def test_sees_which_field_has_the_cursor(self) -> None:
        self.page.goto("/blogs/new")
        marker = "element => getComputedStyle(element, '::before').backgroundColor"
        focused, other = (self.page.locator(selector).evaluate(marker) for selector in (".title", ".content"))
        assert focused not in (other, self.color_of("body", "backgroundColor"))

    def test_sees_how_far_an_upload_is(self) -> None:
        self.page.goto("/blogs/new")
        review(self.page).upload_without_end()
        # The system's own: what is painted instead has no colour.
        assert self.color_of(".upload progress", "appearance") == "auto"
