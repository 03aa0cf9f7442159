from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Select, bindparam, exists, literal_column, select, text
from sqlalchemy.orm import aliased

from app.cache import BoundQuery, Cache, CacheableQuery, Scope, Uncacheable
from tests.unit.cache.bookshop import BOOK, BOOKS, BOOKS_BY, Author, Book, Bookshop, Loan, Visit

Statement = Select[*tuple[Any, ...]]
LENT_BY = Loan.author_id == bindparam("author_id")

SCOPE = Scope("authors", 1, 1)


def entry(statement: Statement, **parameters: object) -> object:
    return CacheableQuery("books", statement)(**{"author_id": 1, **parameters}).cached(SCOPE).key(SCOPE)


class TestTheKeyOfTwoReads:
    @pytest.mark.parametrize(
        "other",
        [
            BOOKS.where(Book.title == "Emma"),
            BOOKS.order_by(None).order_by(Book.id.desc()),
            BOOKS.limit(2),
            BOOKS.offset(2).limit(1),
            BOOKS.add_columns(Book.printed),
            BOOKS.distinct(),
        ],
        ids=["filter", "order", "limit", "offset", "columns", "distinct"],
    )
    def test_differs_with_the_statement(self, other: Statement) -> None:
        assert entry(BOOKS) != entry(other)

    def test_differs_with_a_value_written_in_the_statement(self) -> None:
        assert entry(BOOKS.limit(2)) != entry(BOOKS.limit(3))

    @pytest.mark.parametrize("other", [2, "1", 1.0, True, None])
    def test_differs_with_a_parameter(self, other: object) -> None:
        statement = BOOKS.where(Book.id == bindparam("id"))
        assert entry(statement, id=1) != entry(statement, id=other)

    def test_differs_with_the_end_of_a_long_parameter(self) -> None:
        statement = BOOKS.where(Book.title == bindparam("title"))
        assert entry(statement, title="a" * 1000 + "b") != entry(statement, title="a" * 1000 + "c")

    def test_differs_between_one_row_and_a_list_of_one(self) -> None:
        one = CacheableQuery("books", BOOKS, one=True)(author_id=1).cached(SCOPE)
        assert entry(BOOKS) != one.key(SCOPE)

    def test_differs_with_the_version(self) -> None:
        read = BOOKS_BY(author_id=1)
        assert read.key(SCOPE) != read.key(Scope("authors", 1, 2))

    def test_is_the_same_for_the_same_read(self) -> None:
        assert entry(BOOKS.limit(2)) == entry(BOOKS.limit(2))

    def test_is_the_same_whatever_the_order_of_the_parameters(self) -> None:
        assert BOOK(id=1, author_id=2).key(SCOPE) == BOOK(author_id=2, id=1).key(SCOPE)


class TestAKey:
    def test_can_be_read(self) -> None:
        assert BOOK(author_id=1, id=7).key(SCOPE).field.startswith("book(author_id=1, id=7)#")

    def test_stays_short(self) -> None:
        statement = BOOKS.where(Book.title == bindparam("title"))
        read = CacheableQuery("books", statement)(author_id=1, title="é" * 100_000)
        assert len(read.key(SCOPE).field) < 150

    def test_refuses_a_value_that_has_no_faithful_form(self) -> None:
        with pytest.raises(TypeError, match="id"):
            BOOK(author_id=1, id=object()).key(SCOPE)

    def test_takes_text_that_is_no_text(self) -> None:
        assert BOOK(author_id=1, id="\ud800").key(SCOPE)


class TestAReadThatMayNotBeCached:
    @pytest.mark.parametrize(
        "statement",
        [
            BOOKS.where(Book.id.in_(select(Visit.id))),
            BOOKS.where(exists().where(Visit.author_id == Book.author_id)),
            BOOKS.join(Author, Author.id == Book.author_id),
            BOOKS.add_columns(Author.id),
            BOOKS.add_columns(select(Visit.id).limit(1).scalar_subquery()),
            BOOKS.add_columns(aliased(Visit).id),
            BOOKS.where(text("1 = (SELECT count(*) FROM visits)")),
            BOOKS.add_columns(literal_column("(SELECT count(*) FROM visits)")),
            select(Book.id),
            select(Book.id).where(Book.author_id == 1),
            select(Book.id).where(Book.author_id != bindparam("author_id")),
            select(Book.id).where(Book.id == bindparam("author_id")),
            select(Loan.regretted).where(LENT_BY),
            select(Loan.id).where(LENT_BY, ~Loan.regretted),
            select(Loan).where(LENT_BY),
            select(aliased(Loan)).where(LENT_BY),
        ],
        ids=[
            "in",
            "exists",
            "join",
            "column",
            "subquery",
            "alias",
            "text",
            "literal",
            "no owner",
            "fixed",
            "others",
            "id",
            "aside",
            "where aside",
            "all, and aside",
            "alias, and aside",
        ],
    )
    def test_is_refused(self, statement: Statement) -> None:
        with pytest.raises(Uncacheable):
            entry(statement)

    def test_is_not_refused_where_only_the_rest_is_read(self) -> None:
        assert entry(select(Loan.id, Loan.reader).where(LENT_BY))

    def test_is_refused_in_a_scope_of_somebody_else(self) -> None:
        with pytest.raises(Uncacheable, match="authors:2"):
            BOOKS_BY(author_id=1).cached(Scope("authors", 2, 1))

    def test_is_refused_in_a_scope_of_another_kind(self) -> None:
        with pytest.raises(Uncacheable, match="users:1"):
            BOOKS_BY(author_id=1).cached(Scope("users", 1, 1))


class TestADocument:
    @pytest.fixture(autouse=True)
    def the_shop_is_stocked(self, shop: Bookshop) -> None:
        with shop.session.begin() as session:
            author = Author(id=1)
            session.add_all([author, Author(id=2)])
            session.add(Book(id=1, author=author, title="Café", printed=datetime(1815, 12, 23, 10, 30, tzinfo=UTC)))
            session.add(Book(id=2, author=author, title="", printed=None))

    @pytest.mark.parametrize(
        ("read", "document"),
        [
            (BOOKS_BY(author_id=1), '[{"id":1,"title":"Café"},{"id":2,"title":""}]'),
            (BOOKS_BY(author_id=2), "[]"),
            (BOOK(author_id=1, id=2), '{"id":2,"title":""}'),
            (BOOK(author_id=2, id=2), "null"),
        ],
        ids=["list", "empty list", "one", "nothing"],
    )
    def test_is_the_same_uncached_missed_and_hit(
        self, shop: Bookshop, cache: Cache, read: BoundQuery, document: str
    ) -> None:
        cached = read.cached(shop.scope(int(str(read.parameters["author_id"]))))
        assert [cache.json(read), cache.json(cached), cache.json(cached)] == [document.encode()] * 3

    def test_of_nothing_is_read_once(self, shop: Bookshop, cache: Cache) -> None:
        for _ in range(2):
            cache.json(BOOK(author_id=2, id=2).cached(shop.scope(2)))
        assert shop.statements == 1

    def test_holds_dates_and_nulls(self, shop: Bookshop, cache: Cache) -> None:
        printed = CacheableQuery("printed", BOOKS.with_only_columns(Book.printed), shape=as_utc)
        read = printed(author_id=1).cached(shop.scope(1))
        assert [cache.json(read), cache.json(read)] == [b'["1815-12-23T10:30:00Z",null]'] * 2


def as_utc(row: Any) -> datetime | None:
    return None if row.printed is None else row.printed.replace(tzinfo=UTC)
