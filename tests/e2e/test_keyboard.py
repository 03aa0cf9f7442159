"""The ways through the blog by the keyboard alone, on a screen of 1280 pixels at 200 %: each stop is seen."""

import pytest
from playwright.sync_api import Locator, expect

from app.auth.models import User
from app.blogs.forms import Change
from app.blogs.models import Blog
from app.blogs.queries import remove, revise
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import is_kept_by_the_server
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory

ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
MOST_STOPS = 40
# Of what has the focus, some part is there, and nothing lies on it.
IS_SEEN = """() => {
  const focused = document.activeElement;
  const { left, right, top, bottom } = focused.getBoundingClientRect();
  const [first, last] = [Math.max(top, 0) + 2, Math.min(bottom, innerHeight) - 2];
  return [first, (first + last) / 2, last].some((y) => {
    const above = document.elementFromPoint((left + right) / 2, y);
    return above && (focused.contains(above) || above.contains(focused));
  });
}"""


def go_to(page: CustomPage, target: Locator) -> None:
    """Press Tab until that has the focus. Every stop on the way must be seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{MOST_STOPS} presses of Tab do not lead to {target}")


def press(page: CustomPage, role: str, name: str) -> None:
    go_to(page, page.get_by_role(role, name=name, exact=True))  # type: ignore[arg-type]  # any of Playwright's names
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.fixture
def user(user_factory: UserFactory) -> User:
    return user_factory(name="Ada")


@pytest.fixture
def blog(user: User, blog_factory: BlogFactory) -> Blog:
    return blog_factory(user, title="On ink", content="It dries. " * 200)


@pytest.fixture
def page(new_page: NewPage, user: User) -> CustomPage:
    page = new_page(**ZOOMED)
    page.login(user)
    return page


class TestAtTheList:
    def test_skips_to_the_content(self, page: CustomPage) -> None:
        go_to(page, page.get_by_role("link", name="Skip to the content"))
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()

    def test_writes_a_blog(self, page: CustomPage) -> None:
        press(page, "link", "Write")
        page.keyboard.type("First light")
        page.keyboard.press("Tab")
        page.keyboard.type("It was bright.\nVery.")
        press(page, "button", "Next")
        press(page, "button", "Save Blog")
        expect(page.locator(".card-title")).to_have_text("First light")

    def test_finds_a_blog(self, page: CustomPage, blog: Blog) -> None:
        go_to(page, page.get_by_label("Search my blogs"))
        page.keyboard.type("dries")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        press(page, "link", "Read On ink")
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()


class TestAtABlog:
    @pytest.fixture(autouse=True)
    def at_the_blog(self, page: CustomPage, blog: Blog) -> None:
        page.goto(f"/blogs/{blog.id}")

    def test_edits_it(self, page: CustomPage) -> None:
        press(page, "link", "Edit")
        page.keyboard.press("End")
        page.keyboard.type(", again")
        press(page, "button", "Save Changes")
        expect(page.get_by_role("heading", name="On ink, again")).to_be_visible()

    def test_shares_it(self, page: CustomPage) -> None:
        go_to(page, page.get_by_label("E-mail", exact=True))
        page.keyboard.type("grace@people.invalid")
        press(page, "button", "Share")
        expect(page.get_by_text("grace@people.invalid", exact=True)).to_be_visible()

    def test_deletes_it_and_undoes_that(self, page: CustomPage) -> None:
        press(page, "link", "Delete")
        press(page, "button", "Delete Blog")
        press(page, "button", "Undo")
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()


class TestWithABlogInTheBin:
    @pytest.fixture(autouse=True)
    def at_the_list(self, page: CustomPage, user: User, blog: Blog, database: Database) -> None:
        with database.write() as db:
            remove(db, user.id, blog.id)
        press(page, "link", "Bin")

    def test_puts_it_back(self, page: CustomPage) -> None:
        press(page, "button", "Put back On ink")
        expect(page.get_by_role("heading", name="On ink")).to_be_visible()

    def test_deletes_it_for_good(self, page: CustomPage) -> None:
        press(page, "link", "Delete On ink for good")
        press(page, "button", "Delete for good")
        expect(page.get_by_text("The bin is empty.")).to_be_visible()


class TestWithAnEarlierVersion:
    @pytest.fixture(autouse=True)
    def at_the_blog(self, page: CustomPage, user: User, blog: Blog, database: Database) -> None:
        with database.write() as db:
            revise(db, user.id, blog.id, Change(content="It is dry. " * 200))
        page.goto(f"/blogs/{blog.id}")

    def test_restores_it(self, page: CustomPage) -> None:
        press(page, "link", "Versions")
        press(page, "link", "Version 1")
        press(page, "button", "Restore this version")
        expect(page.locator(".prose")).to_contain_text("It dries.")


class TestWithADraft:
    @pytest.fixture(autouse=True)
    def at_the_drafts(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        is_kept_by_the_server(page)
        page.goto("/blogs/drafts")

    def test_goes_on_writing(self, page: CustomPage) -> None:
        press(page, "link", "Go on writing Untitled")
        expect(page.get_by_label("Content")).not_to_be_empty()

    def test_throws_it_away(self, page: CustomPage) -> None:
        press(page, "button", "Throw away Untitled")
        expect(page.get_by_text("There are no drafts.")).to_be_visible()


class TestAtTheAccount:
    @pytest.fixture(autouse=True)
    def at_the_account(self, page: CustomPage) -> None:
        page.goto("/account")

    def test_chooses_a_name(self, page: CustomPage) -> None:
        go_to(page, page.get_by_label("Your name"))
        page.keyboard.press("Control+a")
        page.keyboard.type("Countess")
        press(page, "button", "Change name")
        expect(page.locator(".who")).to_have_text("Countess")

    def test_reaches_the_file_chooser_and_the_export(self, page: CustomPage) -> None:
        go_to(page, page.get_by_role("link", name="Export everything"))
        go_to(page, page.get_by_label("A zip, or files"))

    def test_deletes_it(self, page: CustomPage) -> None:
        press(page, "link", "Delete account …")
        go_to(page, page.get_by_role("textbox"))
        page.keyboard.type("delete")
        press(page, "button", "Delete everything")
        expect(page.get_by_role("status")).to_have_text("Your account is deleted, with everything of yours.")
