"""Finding blogs by their words."""

import pytest
from sqlalchemy import text

from app.auth.models import User
from app.blogs.forms import Change
from app.blogs.models import Blog
from app.blogs.queries import remove, revise
from app.blogs.search import Found, as_read, find
from app.cache import Page
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

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


class TestAPassage:
    """As it is read, with the word that was found."""

    @pytest.fixture(autouse=True)
    def written(self, client_for: ClientFor, user: User, database: Database) -> None:
        self.caller, self.user, self.database = client_for(user), user, database

    def passage(self, content: str) -> str:
        self.caller.post("/api/blogs", json={"title": "T", "content": content})
        with self.database.read() as db:
            [found], _ = find(db, self.user.id, "harbour", Page(1))
        return found.passage.replace("<mark>harbour</mark>", "HARBOUR")

    @pytest.mark.parametrize(
        "content",
        [
            "The **harbour** was *cold*.",
            "## The harbour\n\n- a ship\n- a [lamp](https://lamps.invalid/)",
            "> The `harbour`\n\n![A ship](/attachments/7)\n\nwas ~~warm~~ cold",
            f"**{'one ' * 40} harbour{' two' * 9}** [{'three ' * 9}](https://a.invalid/b/c/d/e/f)",
            f"*{'one ' * 40} harbour{' two' * 9}*",
        ],
    )
    def test_has_no_marks(self, content: str) -> None:
        assert not {*"*#>`~[]("} & {*self.passage(content)}

    @pytest.mark.parametrize(
        ("piece", "read"),
        [
            ("2 * 3 in a*b is [six]", "2 * 3 in a*b is [six]"),
            ("**a** *b* `c` ~~d~~", "a b c d"),
            ("bold** and [a lamp](https://lam", "bold and a lamp"),
            ("slanted* and *more", "slanted and more"),
            ("```\n\x02harbour\x03 = '**'\n```", "```\n\x02harbour\x03 = '**'\n```"),
            ("see https://a.invalid/\x02harbour\x03", "see https://a.invalid/\x02harbour\x03"),
        ],
    )
    def test_is_made_of_a_piece_as_it_is_read(self, piece: str, read: str) -> None:
        assert as_read(piece) == read

    def test_of_any_length_is_shown(self) -> None:
        assert "HARBOUR" in self.passage("```\nthe harbour " + "*_[" * 3000 + " was cold\n```")

    def test_of_a_text_from_before_there_was_markdown_is_as_it_was_typed(self, blog_factory: BlogFactory) -> None:
        blog_factory(self.user, content="the **harbour**")
        with self.database.read() as db:
            [found], _ = find(db, self.user.id, "harbour", Page(1))
        assert found.passage.startswith("the **<mark>harbour</mark>")
