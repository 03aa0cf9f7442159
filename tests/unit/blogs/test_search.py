"""Finding blogs by their words."""

import pytest
from sqlalchemy import text

from app.blogs.forms import Change
from app.blogs.models import Blog
from app.blogs.queries import remove, revise
from app.blogs.search import Found, find
from app.cache import Page
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory

pytestmark = pytest.mark.both_databases


class TestASearch:
    @pytest.fixture(autouse=True)
    def written(self, database: Database, user_factory: UserFactory, blog_factory: BlogFactory) -> None:
        self.database, self.user, other = database, user_factory(), user_factory()
        self.lamp = blog_factory(self.user, title="The lamp", content="It burns in the harbour office.").id
        self.boat = blog_factory(self.user, title="A boat", content="She was <b>wood</b>, said the harbour master.").id
        self.cafe = blog_factory(self.user, title="Café", content="Ένα λιμάνι").id
        self.others = blog_factory(other, title="The lamp", content="Of somebody else in the harbour.").id

    def found(self, typed: str) -> list[int]:
        return [each.id for each in self.find(typed)]

    def find(self, typed: str) -> list[Found]:
        with self.database.read() as db:
            return find(db, self.user.id, typed, Page(20))[0]

    def blog(self, blog_id: int) -> Blog:
        with self.database.read() as db:
            return db.get_one(Blog, blog_id)

    @pytest.mark.parametrize(
        ("typed", "names"),
        [
            ("harbour", ["boat", "lamp"]),
            ("HARBOUR office", ["lamp"]),
            ("harb", ["boat", "lamp"]),
            ("lamp harbour", ["lamp"]),
            ("harb office", []),
            ("λιμάνι", ["cafe"]),
            ("nothing", []),
            ("", []),
            ("- * ( ) \" ' : OR", []),
            ('harbour" OR "1', []),
            ("content : harbour", []),
        ],
    )
    def test_finds_what_has_all_the_words(self, typed: str, names: list[str]) -> None:
        assert self.found(typed) == [getattr(self, name) for name in names]

    def test_shows_what_it_found(self) -> None:
        [boat] = self.find("wood")
        assert "<mark>wood</mark>" in boat.passage

    def test_shows_nothing_of_it_as_html(self) -> None:
        [boat] = self.find("wood")
        assert "<" not in boat.passage.replace("<mark>", "").replace("</mark>", "")

    def test_tells_with_how_many_it_is_shared(self, share_factory: ShareFactory) -> None:
        for blog_id in (self.lamp, self.boat, self.boat):
            share_factory(self.blog(blog_id))
        assert [each.people for each in self.find("harbour")] == [2, 1]

    def test_finds_what_was_changed_by_its_new_words_alone(self) -> None:
        with self.database.write() as db:
            revise(db, self.user.id, self.lamp, Change(title="The candle", content="It is out."))
        assert (self.found("candle"), self.found("harbour")) == ([self.lamp], [self.boat])

    def test_does_not_find_what_was_deleted(self) -> None:
        with self.database.write() as db:
            remove(db, self.user.id, self.lamp)
        assert self.found("lamp") == []

    def test_goes_on_after_a_page(self) -> None:
        with self.database.read() as db:
            [first], after = find(db, self.user.id, "harbour", Page(1))
            [second], last = find(db, self.user.id, "harbour", Page(1, after))
        assert (first.id, second.id, last) == (self.boat, self.lamp, None)

    def test_finds_nothing_of_somebody_else_by_an_index_that_is_wrong(self) -> None:
        with self.database.write() as db:
            if db.get_bind().dialect.name != "sqlite":
                pytest.skip("The index of PostgreSQL holds no owner")
            wrong = {"id": self.others, "owner": f"u{self.user.id}"}
            db.execute(text("INSERT INTO blogs_search (rowid, content, owner) VALUES (:id, 'harbour', :owner)"), wrong)
            found, _ = find(db, self.user.id, "harbour", Page(20))
            db.rollback()
        assert [each.id for each in found] == [self.boat, self.lamp]
