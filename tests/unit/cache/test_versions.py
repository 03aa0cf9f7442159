import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.cache import Scope, UncountedWrite, bump, new_version
from tests.unit.cache.bookshop import Author, Book, Bookshop, Loan, Visit

Write = Callable[[Session], Any]
BOOKS: Any = Book.__table__


def the_book(session: Session) -> Book:
    return session.scalars(select(Book).where(Book.title == "Emma")).one()


def the_others(session: Session) -> Author:
    return session.scalars(select(Author).where(~Author.books.any())).one()


def give_by_id(session: Session) -> None:
    the_book(session).author_id = the_others(session).id


def give_by_author(session: Session) -> None:
    the_book(session).author = the_others(session)


def give_by_list(session: Session) -> None:
    other = the_others(session)
    other.books.append(the_book(session))


def give_without_looking(session: Session) -> None:
    other = the_others(session).id
    book = the_book(session)
    session.expire(book)
    book.author_id = other


def give_with_a_new_id(session: Session) -> None:
    book = the_book(session)
    book.id, book.author_id = 99, the_others(session).id


def add_by_list(session: Session) -> None:
    author = session.get_one(Author, 1)
    author.books.append(Book(title="Persuasion"))


def make_an_orphan(session: Session) -> None:
    author = session.get_one(Author, 1)
    author.books.clear()


class Owners:
    """Two authors, of whom the first has a book called Emma; and whose versions a write moves."""

    def __init__(self, shop: Bookshop) -> None:
        self._shop = shop
        self.first, self.second = shop.author("Emma"), shop.author()

    def moved_by(self, write: Write) -> list[str]:
        before = self._versions()
        with self._shop.session.begin() as session:
            write(session)
        return [name for name, version in self._versions().items() if version > before[name]]

    def _versions(self) -> dict[str, int]:
        return {"first": self._shop.scope(self.first).version, "second": self._shop.scope(self.second).version}


@pytest.fixture
def owners(shop: Bookshop) -> Owners:
    return Owners(shop)


class TestAVersion:
    @pytest.mark.parametrize(
        "write",
        [
            lambda s: s.add(Book(author_id=1, title="Persuasion")),
            add_by_list,
            lambda s: setattr(the_book(s), "title", "Emma, again"),
            lambda s: s.delete(the_book(s)),
            make_an_orphan,
            lambda s: s.merge(Book(id=the_book(s).id, author_id=1, title="Emma, again")),
            lambda s: setattr(the_book(s), "id", 99),
            lambda s: setattr(the_book(s), "author_id", None),
        ],
        ids=["insert", "by relation", "update", "delete", "orphan", "merge", "new key", "no owner"],
    )
    def test_moves_with_a_write(self, owners: Owners, write: Write) -> None:
        assert owners.moved_by(write) == ["first"]

    @pytest.mark.parametrize(
        "give", [give_by_id, give_by_author, give_by_list, give_without_looking, give_with_a_new_id]
    )
    def test_moves_for_both_when_a_book_is_given_away(self, owners: Owners, give: Write) -> None:
        assert owners.moved_by(give) == ["first", "second"]

    def test_stays_with_a_read(self, owners: Owners) -> None:
        assert owners.moved_by(the_book) == []

    def test_stays_with_a_write_to_what_nobody_owns(self, owners: Owners) -> None:
        assert owners.moved_by(lambda session: session.add(Visit(author_id=1))) == []

    @pytest.mark.parametrize(
        "write",
        [lambda s, book: s.delete(book), lambda s, book: setattr(book, "title", "Emma, again")],
        ids=["delete", "update"],
    )
    def test_moves_for_the_owner_that_the_row_has_by_now(
        self, shop: Bookshop, owners: Owners, write: Callable[[Session, Book], None]
    ) -> None:
        with shop.session() as session:
            book = the_book(session)
        owners.moved_by(give_by_id)
        assert "second" in owners.moved_by(lambda session: write(session, session.merge(book, load=False)))

    def test_moves_in_every_transaction_of_a_session(self, shop: Bookshop, owners: Owners) -> None:
        with shop.session() as session:
            versions = []
            for title in ("a", "b", "c"):
                session.add(Book(author_id=owners.first, title=title))
                session.commit()
                versions.append(shop.scope(owners.first).version)
        assert versions == sorted(set(versions))

    def test_stays_with_the_next_transaction_of_the_session(self, shop: Bookshop, owners: Owners) -> None:
        with shop.session() as session:
            session.add(Book(author_id=owners.first, title="a"))
            session.commit()
            before = shop.scope(owners.first)
            session.add(Book(author_id=owners.second, title="b"))
            session.commit()
        assert shop.scope(owners.first) == before


class TestAVersionThatAColumnIsAsideOf:
    @pytest.fixture(autouse=True)
    def lent(self, shop: Bookshop, owners: Owners) -> None:
        self.owners = owners
        with shop.session.begin() as session:
            session.add(Loan(id=1, author_id=owners.first, reader="Ada"))

    def moved_by_a_change(self, **values: object) -> list[str]:
        def change(session: Session) -> None:
            for name, value in values.items():
                setattr(session.get_one(Loan, 1), name, value)

        return self.owners.moved_by(change)

    def test_stays_when_that_alone_changes(self) -> None:
        assert self.moved_by_a_change(regretted=True) == []

    def test_moves_when_more_changes(self) -> None:
        assert self.moved_by_a_change(regretted=True, reader="Grace") == ["first"]

    def test_moves_when_the_rest_changes(self) -> None:
        assert self.moved_by_a_change(reader="Grace") == ["first"]

    def test_moves_with_a_row_that_has_it(self) -> None:
        loan = Loan(author_id=self.owners.first, reader="Grace", regretted=True)
        assert self.owners.moved_by(lambda session: session.add(loan)) == ["first"]

    def test_moves_when_the_row_goes(self) -> None:
        def change_and_delete(session: Session) -> None:
            loan = session.get_one(Loan, 1)
            loan.regretted = True
            session.delete(loan)

        assert self.owners.moved_by(change_and_delete) == ["first"]


class TestAWriteThatIsTakenBack:
    def test_leaves_the_version(self, shop: Bookshop, owners: Owners) -> None:
        def write(session: Session) -> None:
            session.add(Book(author_id=owners.first, title="Persuasion"))
            session.flush()
            session.rollback()

        assert owners.moved_by(write) == []

    def test_leaves_the_version_from_a_savepoint(self, shop: Bookshop, owners: Owners) -> None:
        def write(session: Session) -> None:
            with contextlib.suppress(ZeroDivisionError), session.begin_nested():
                session.add(Book(author_id=owners.first, title="Persuasion"))
                session.flush()
                raise ZeroDivisionError

        assert owners.moved_by(write) == []


class TestAVersionNumber:
    def test_moves_on_when_the_clock_goes_back(
        self, shop: Bookshop, owners: Owners, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: 0)
        assert owners.moved_by(give_by_id) == ["first", "second"]

    def test_is_not_met_again_by_the_next_with_the_same_id(self, shop: Bookshop, owners: Owners) -> None:
        for title in ("a", "b"):
            owners.moved_by(lambda session, title=title: session.add(Book(author_id=2, title=title)))  # type: ignore[misc]
        last = shop.scope(2).version
        with shop.session.begin() as session:
            session.delete(session.get_one(Author, 2))
        assert (shop.author(), shop.scope(2).version > last) == (2, True)

    def test_is_not_met_again_after_a_return_to_an_earlier_state(self, shop: Bookshop, owners: Owners) -> None:
        early = shop.scope(1).version
        owners.moved_by(lambda session: the_book(session).__setattr__("title", "a"))
        late = shop.scope(1).version
        with shop.engine.begin() as connection:
            connection.execute(update(Author).values(cache_version=early))
        with shop.session.begin() as session:
            session.add(Book(author_id=1, title="b"))
        assert shop.scope(1).version > late


class TestABump:
    def test_tells_which_scope_is_outdated(self, shop: Bookshop, owners: Owners) -> None:
        before = shop.scope(1)
        with shop.engine.begin() as connection:
            assert bump(connection, Author.cache_version, 1) == before

    def test_of_nobody_is_nothing(self, shop: Bookshop) -> None:
        with shop.engine.begin() as connection:
            assert bump(connection, Author.cache_version, 404) is None

    def test_moves_the_version(self, shop: Bookshop, owners: Owners) -> None:
        assert owners.moved_by(lambda session: bump(session.connection(), Author.cache_version, 1)) == ["first"]


class TestAWriteBehindTheBackOfTheSession:
    @pytest.mark.parametrize(
        "write",
        [
            lambda s: s.execute(update(Book).values(title="x")),
            lambda s: s.execute(delete(Book)),
            lambda s: s.execute(insert(Book), [{"author_id": 1, "title": "x"}]),
            lambda s: s.execute(insert(Book).values(author_id=1, title="x").returning(Book.id)),
            lambda s: s.execute(update(Book), [{"id": 1, "title": "x"}]),
            lambda s: s.execute(delete(BOOKS)),
            lambda s: s.execute(delete(BOOKS.alias())),
            lambda s: s.connection().execute(update(BOOKS).values(title="x")),
            lambda s: s.bulk_save_objects([Book(author_id=1, title="x")]),
            lambda s: s.bulk_insert_mappings(Book, [{"author_id": 1, "title": "x"}]),
            lambda s: s.query(Book).delete(),
            lambda s: s.query(Book).update({"title": "x"}),
        ],
    )
    def test_is_refused(self, shop: Bookshop, owners: Owners, write: Write) -> None:
        with pytest.raises(UncountedWrite, match="rows of books"), shop.session.begin() as session:
            write(session)

    def test_is_refused_on_a_connection(self, shop: Bookshop) -> None:
        with pytest.raises(UncountedWrite), shop.engine.begin() as connection:
            connection.execute(delete(BOOKS))

    def test_is_refused_after_a_write_that_was_counted(self, shop: Bookshop, owners: Owners) -> None:
        with shop.session.begin() as session:
            the_book(session).title = "x"
            with pytest.raises(UncountedWrite):
                session.execute(delete(Book))

    def test_is_refused_after_a_write_that_failed(self, shop: Bookshop, owners: Owners) -> None:
        with shop.session() as session:
            session.add(Book(id=1, author_id=1, title="taken"))
            with pytest.raises(IntegrityError):
                session.flush()
        with pytest.raises(UncountedWrite), shop.session.begin() as session:
            session.execute(delete(Book))

    def test_is_fine_to_what_nobody_owns(self, shop: Bookshop) -> None:
        with shop.session.begin() as session:
            session.execute(delete(Visit))


class TestAFlushThatFails:
    def test_leaves_nothing_to_the_next_transaction(self, shop: Bookshop, owners: Owners) -> None:
        before = shop.scope(owners.first)
        with shop.session() as session:
            the_book(session).title = "Emma, again"
            session.add(Book(author_id=owners.first))
            with pytest.raises(IntegrityError):
                session.flush()
            session.rollback()
            session.add(Book(author_id=owners.second, title="Persuasion"))
            session.commit()
        assert shop.scope(owners.first) == before


class TestANewVersion:
    def test_is_newer(self) -> None:
        assert new_version() > 1_700_000_000_000_000

    def test_fits_a_number_of_javascript(self) -> None:
        assert new_version() < 2**53


class TestAScope:
    def test_has_a_name_to_look_for(self) -> None:
        assert Scope("authors", 7, 12).name == "authors:7"
