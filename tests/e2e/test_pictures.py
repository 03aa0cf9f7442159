"""The main pages look as they did, wide and narrow, light and dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, expect

from app.blogs.forms import Change
from app.blogs.queries import remove, revise
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.factories.blog import BlogFactory
from tests.factories.many import many_drafts
from tests.factories.session import SessionFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.forge.pictures import Pictures

Path = Callable[[CustomPage, int], object]

TEXT = "The lamp room was cold.\n\nFrom the gallery, the first ferry was a light among others. " * 2
# A mask would be as wide as the day's name.
SAME_EVERY_DAY = """() => {
  for (const day of document.querySelectorAll("time")) day.textContent = "1 January 2026";
  for (const month of document.querySelectorAll(".month")) month.textContent = "January 2026";
  for (const line of document.querySelectorAll(".fine, label")) {
    if (/[0-9a-f]{8,}/.test(line.innerText)) line.innerText = line.innerText.replace(/[0-9a-f]{8,}/, "0");
  }
}"""
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


def form_with_errors(page: CustomPage, _blog: int) -> None:
    page.goto("/blogs/new")
    page.submit("Next")


def review(page: CustomPage, _blog: int) -> None:
    page.goto("/blogs/new")
    page.submit("Next", title="First light", content=TEXT, tags="Lighthouses, slow travel")
    page.upload()


def what_was_imported(page: CustomPage, _blog: int) -> None:
    page.goto("/account")
    files = {"first-light.md": b"# First light\n\nA ferry.", "notes.md": b"\xff", "second-light.md": b"# Second light"}
    chosen = [FilePayload(name=name, mimeType="text/markdown", buffer=body) for name, body in files.items()]
    page.get_by_label("A zip, or files").set_input_files(chosen)
    page.submit("Import")


PAGES: dict[str, Path] = {
    "the list": lambda page, _blog: page.goto("/blogs"),
    "the list of a tag": lambda page, _blog: page.goto("/blogs?tag=lighthouses"),
    "the form with errors": form_with_errors,
    "the review": review,
    "the drafts": lambda page, _blog: page.goto("/blogs/drafts"),
    "what others share": lambda page, _blog: page.goto("/blogs/shared"),
    "the versions": lambda page, blog: page.goto(f"/blogs/{blog}/versions"),
    "the question before a deletion": lambda page, blog: page.goto(f"/blogs/{blog}/delete"),
    "what was imported": what_was_imported,
    "the question before an account goes": lambda page, _blog: page.goto("/account/delete"),
    "a blog": lambda page, blog: page.goto(f"/blogs/{blog}"),
    "what was found": lambda page, _blog: page.goto("/blogs/search?q=ferry"),
    "the bin": lambda page, _blog: page.goto("/blogs/bin"),
    "an older version": lambda page, blog: page.goto(f"/blogs/{blog}/versions/1"),
    "the account": lambda page, _blog: page.goto("/account"),
    "about": lambda page, _blog: page.goto("/about"),
    "the edit form": lambda page, blog: page.goto(f"/blogs/{blog}/edit"),
    "no such page": lambda page, _blog: page.goto("/nothing/here"),
}


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
class TestAVisitor:
    @pytest.fixture(autouse=True)
    def at_the_desk(
        self,
        scheme: str,
        viewport: dict[str, int],
        new_page: NewPage,
        user_factory: UserFactory,
        blog_factory: BlogFactory,
        share_factory: ShareFactory,
        session_factory: SessionFactory,
        database: Database,
    ) -> None:
        self.style = f"{scheme} {'narrow' if viewport == NARROW else 'wide'}"
        self.page = new_page(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
        author = user_factory(name="Grace Hopper")
        blog_factory(author, title="A title of some length, to be wrapped where it is narrow", content=TEXT)
        blog = blog_factory(author, title="First light", content=TEXT, tags=["lighthouses", "slow travel"])
        share_factory(blog, email="ada@people.invalid")
        share_factory(blog_factory(user_factory(name="Ada Lovelace"), title="On the engine", content=TEXT), author)
        many_drafts(database, author, 2)
        with database.write() as db:
            remove(db, author.id, blog_factory(author, title="Why the margins matter", content="They rest the eye.").id)
            revise(db, author.id, blog.id, Change(content=TEXT.replace("cold", "very cold")))
        self.blog = blog.id
        self.page.set_session_cookie(session_factory(author))

    def test_meets_the_front_page_as_it_was(self, expect_screenshot: Pictures) -> None:
        self.page.context.clear_cookies()
        self.page.goto("/")
        expect_screenshot(self.page, f"the front page, {self.style}")

    @pytest.mark.parametrize("name", PAGES)
    def test_meets_a_page_as_it_was(self, name: str, expect_screenshot: Pictures) -> None:
        PAGES[name](self.page, self.blog)
        expect(self.page.locator("main")).to_be_visible()
        self.page.evaluate(SAME_EVERY_DAY)
        expect_screenshot(self.page, f"{name}, {self.style}")
