"""A small database to cache reads of: authors own books."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    ForeignKey,
    Select,
    bindparam,
    create_engine,
    event,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

from app.cache import BoundQuery, CacheableQuery, Scope, new_version, owned_by


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    cache_version: Mapped[int] = mapped_column(BigInteger, default=new_version)
    books: Mapped[list["Book"]] = relationship(back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"))
    title: Mapped[str]
    printed: Mapped[datetime | None]
    author: Mapped[Author | None] = relationship(back_populates="books")


class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int]


class Loan(Base):
    __tablename__ = "loans"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int]
    reader: Mapped[str]
    regretted: Mapped[bool] = mapped_column(default=False)


owned_by(Book.author_id, Author.cache_version)
owned_by(Loan.author_id, Author.cache_version, aside=Loan.regretted)

BOOKS = select(Book.id, Book.title).where(Book.author_id == bindparam("author_id")).order_by(Book.id)
BOOKS_BY = CacheableQuery("books_by", BOOKS)
BOOK = CacheableQuery("book", BOOKS.where(Book.id == bindparam("id")), one=True)


@dataclass
class Bookshop:
    engine: Engine
    writer: Engine
    session: sessionmaker[Session]
    statements: int = 0

    def author(self, *titles: str) -> int:
        with self.session.begin() as session:
            author = Author(books=[Book(title=title) for title in titles])
            session.add(author)
            session.flush()
            return author.id

    def scope(self, author_id: int) -> Scope:
        with self.engine.connect() as connection:
            version = connection.scalar(select(Author.cache_version).where(Author.id == author_id))
            assert version is not None
            return Scope("authors", author_id, version)

    def books_by(self, author_id: int) -> BoundQuery:
        return BOOKS_BY(author_id=author_id).cached(self.scope(author_id))

    def fetch(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Sequence[Any]:
        self.statements += 1
        with self.engine.connect() as connection:
            return connection.execute(statement, parameters).all()

    def close(self) -> None:
        self.engine.dispose()
        self.writer.dispose()


def bookshop(folder: Path) -> Bookshop:
    engine, writer = (create_engine(f"sqlite:///{folder}/bookshop.db") for _ in range(2))
    event.listen(engine, "connect", use_a_write_ahead_log)
    event.listen(writer, "connect", leave_transactions_alone)
    event.listen(writer, "begin", begin_to_write)
    Base.metadata.create_all(engine)
    return Bookshop(engine, writer, sessionmaker(writer))


def use_a_write_ahead_log(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def leave_transactions_alone(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def begin_to_write(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """Lets a read in, and holds it until told to go on."""

    def __init__(self, shop: Bookshop) -> None:
        self._shop, self.go_on, self.reads = shop, Event(), 0
        self.error: Exception | None = None

    def fetch(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Sequence[Any]:
        self.reads += 1
        assert self.go_on.wait(15)
        if self.error is not None:
            raise self.error
        return self._shop.fetch(statement, parameters)
