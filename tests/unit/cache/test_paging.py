import json
from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, select

from app.cache import BoundQuery, Cache, Page, PagedQuery, keys_of, split_page
from tests.unit.cache.bookshop import Book, Bookshop

BOOKS = PagedQuery(
    "books",
    select(Book.id, Book.title).where(Book.author_id == bindparam("author_id")),
    Book.id,
    keys_of(Book.author_id, "author_id", Book.id),
)
TITLED = PagedQuery(
    "titled",
    select(Book.id, Book.title).where(Book.author_id == bindparam("author_id")),
    Book.id,
    keys_of(Book.author_id, "author_id", Book.id, (Book.title, "title")),
)
# What a title may hold that looks like a part of the document around it.
TITLES = ["[]", '"rows":[', "Emma", '],"next":9']


@pytest.fixture
def author(shop: Bookshop) -> int:
    """Somebody with four books, whose ids are not in a row."""
    author = shop.author()
    for title in TITLES:
        shop.author("Of another")
        with shop.session.begin() as session:
            session.add(Book(author_id=author, title=title))
    return author


def read(shop: Bookshop, author: int, page: Page) -> BoundQuery:
    return BOOKS.at(page, author_id=author).cached(shop.scope(author))


def pages(shop: Bookshop, cache: Cache, author: int, limit: int) -> Iterator[list[str]]:
    after, first = None, True
    while after or first:
        after, rows = split_page(cache.json(read(shop, author, Page(limit, after))))
        first = False
        yield [row["title"] for row in json.loads(rows)]


class TestTheKeyOfAPage:
    @pytest.mark.parametrize("other", [Page(2), Page(3, 7), Page(2, 8)], ids=["first", "longer", "later"])
    def test_differs_from_that_of_any_other(self, shop: Bookshop, author: int, other: Page) -> None:
        one, another = read(shop, author, Page(2, 7)), read(shop, author, other)
        assert one.key(shop.scope(author)) != another.key(shop.scope(author))

    def test_says_which_it_is(self, shop: Bookshop, author: int) -> None:
        field = read(shop, author, Page(2, 7)).key(shop.scope(author)).field
        assert field.startswith(f"books(after=7, author_id={author}, limit=2)#")


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    def test_hold_each_row_of_the_owner_once_the_newest_first(
        self, shop: Bookshop, cache: Cache, author: int, limit: int
    ) -> None:
        titles = [title for page in pages(shop, cache, author, limit) for title in page]
        assert titles == TITLES[::-1]

    @pytest.mark.parametrize(("limit", "sizes"), [(3, [3, 1]), (2, [2, 2]), (4, [4]), (5, [4])])
    def test_end_with_the_last_that_has_rows(
        self, shop: Bookshop, cache: Cache, author: int, limit: int, sizes: list[int]
    ) -> None:
        assert [len(page) for page in pages(shop, cache, author, limit)] == sizes

    def test_are_kept_one_by_one(self, shop: Bookshop, cache: Cache, author: int) -> None:
        for _ in range(2):
            list(pages(shop, cache, author, 2))
        assert shop.statements == 2

    def test_go_on_from_the_same_row_when_there_is_a_newer_one(self, shop: Bookshop, cache: Cache, author: int) -> None:
        after, _rows = split_page(cache.json(read(shop, author, Page(2))))
        with shop.session.begin() as session:
            session.add(Book(author_id=author, title="Persuasion"))
        _next, rows = split_page(cache.json(read(shop, author, Page(2, after))))
        assert [row["title"] for row in json.loads(rows)] == TITLES[1::-1]

    def test_after_the_last_are_empty(self, shop: Bookshop, cache: Cache, author: int) -> None:
        assert split_page(cache.json(read(shop, author, Page(2, 1)))) == (None, b"[]")


class TestADocumentOfAPage:
    def test_is_json(self, shop: Bookshop, cache: Cache, author: int) -> None:
        document = json.loads(cache.json(read(shop, author, Page(1))))
        assert document == {"next": document["rows"][0]["id"], "rows": [{"id": 8, "title": TITLES[-1]}]}

    def test_is_cut_as_it_would_be_parsed(self, shop: Bookshop, cache: Cache, author: int) -> None:
        document = cache.json(read(shop, author, Page(3)))
        following, rows = split_page(document)
        assert {"next": following, "rows": json.loads(rows)} == json.loads(document)


class TestPagesOfRowsWithAValue:
    @pytest.fixture(autouse=True)
    def written(self, shop: Bookshop, author: int) -> None:
        self.shop, self.author = shop, author
        shop.author("Emma", "Emma")
        with shop.session.begin() as session:
            session.add_all(Book(author_id=author, title="Emma") for _ in range(3))

    def titles(self, cache: Cache, page: Page) -> tuple[int | None, list[str]]:
        bound = TITLED.at(page, author_id=self.author, title="Emma").cached(self.shop.scope(self.author))
        following, rows = split_page(cache.json(bound))
        return following, [row["title"] for row in json.loads(rows)]

    def test_hold_those_of_the_owner_alone(self, cache: Cache) -> None:
        assert self.titles(cache, Page(10)) == (None, ["Emma"] * 4)

    def test_go_on_within_them(self, cache: Cache) -> None:
        after, first = self.titles(cache, Page(3))
        assert (first, self.titles(cache, Page(3, after))) == (["Emma"] * 3, (None, ["Emma"]))
