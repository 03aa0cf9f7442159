from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from app.cache import BoundQuery, Cache, Outcome
from app.cache import cache as module
from app.cache.redis_store import MAX_VALUE
from tests.forge.redis_server import until
from tests.unit.cache.bookshop import BOOK, BOOKS_BY, Book, Bookshop, Database


def outcomes(cache: Cache, *reads: BoundQuery) -> list[tuple[str, str]]:
    seen: list[Outcome] = []
    for read in reads:
        cache.json(read, observe=seen.append)
    return [(outcome.result, outcome.tier) for outcome in seen]


class TestARead:
    @pytest.fixture(autouse=True)
    def the_shop_has_a_book(self, shop: Bookshop) -> None:
        shop.author("Emma")

    def test_is_a_miss_and_then_a_hit(self, shop: Bookshop, cache: Cache) -> None:
        read = shop.books_by(1)
        assert outcomes(cache, read, read) == [("miss", "database"), ("hit", "memory")]

    def test_that_did_not_ask_for_it_bypasses_the_cache(self, cache: Cache) -> None:
        read = BOOKS_BY(author_id=1)
        assert outcomes(cache, read, read) == [("bypass", "database")] * 2

    def test_opens_no_connection_for_a_hit(self, shop: Bookshop, cache: Cache) -> None:
        read = shop.books_by(1)
        outcomes(cache, read, read, read)
        assert shop.statements == 1

    def test_tells_its_name_and_time(self, shop: Bookshop, cache: Cache) -> None:
        seen: list[Outcome] = []
        cache.json(shop.books_by(1), observe=seen.append)
        assert (seen[0].name, 0 < seen[0].seconds < 5) == ("books_by", True)

    def test_is_counted(self, shop: Bookshop, cache: Cache) -> None:
        outcomes(cache, BOOKS_BY(author_id=1), shop.books_by(1), shop.books_by(1))
        stats = cache.stats()
        assert [stats[name] for name in ("bypass", "miss", "hit_memory", "database_reads")] == [1, 1, 1, 2]

    def test_is_read_again_when_its_time_is_up(self, shop: Bookshop) -> None:
        cache = Cache(shop.fetch, namespace="test", release="1", ttl=0, secret="secret")
        assert outcomes(cache, shop.books_by(1), shop.books_by(1)) == [("miss", "database")] * 2

    def test_is_read_again_when_the_cache_was_cleared(self, shop: Bookshop, cache: Cache) -> None:
        cache.json(shop.books_by(1))
        cache.clear()
        assert outcomes(cache, shop.books_by(1)) == [("miss", "database")]

    def test_is_a_hit_when_it_was_filled_since_it_looked(
        self, shop: Bookshop, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = shop.books_by(1)
        answers = iter([None, cache.json(read)])
        monkeypatch.setattr(cache._memory, "get", lambda _entry: next(answers))
        assert outcomes(cache, read) == [("hit", "memory")]

    def test_of_a_document_that_is_too_large_to_keep_bypasses_the_cache(self, shop: Bookshop, cache: Cache) -> None:
        read = shop.books_by(shop.author("x" * MAX_VALUE))
        assert outcomes(cache, read, read) == [("bypass", "database")] * 2

    def test_of_another_scope_stays_a_hit_after_a_write(self, shop: Bookshop, cache: Cache) -> None:
        other = shop.author("Persuasion")
        cache.json(shop.books_by(other))
        shop.author("Ulysses")
        with shop.session.begin() as session:
            session.add(Book(author_id=1, title="Emma, again"))
        assert outcomes(cache, shop.books_by(other)) == [("hit", "memory")]


class TestAReadAfterAWrite:
    @pytest.fixture(autouse=True)
    def the_list_is_cached(self, shop: Bookshop, cache: Cache) -> None:
        shop.author("Emma")
        cache.json(shop.books_by(1))
        cache.json(BOOK(author_id=1, id=2).cached(shop.scope(1)))
        with shop.session.begin() as session:
            session.add(Book(id=2, author_id=1, title="Persuasion"))

    def test_is_fresh(self, shop: Bookshop, cache: Cache) -> None:
        assert cache.json(shop.books_by(1)) == b'[{"id":1,"title":"Emma"},{"id":2,"title":"Persuasion"}]'

    def test_finds_what_was_not_there(self, shop: Bookshop, cache: Cache) -> None:
        assert cache.json(BOOK(author_id=1, id=2).cached(shop.scope(1))) == b'{"id":2,"title":"Persuasion"}'


class TestManyReadsOfOneMissingEntry:
    CLIENTS = 40

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "WAIT", 30)

    @pytest.fixture
    def database(self, shop: Bookshop) -> Database:
        shop.author("Emma")
        return Database(shop)

    @pytest.fixture
    def cache(self, database: Database) -> Cache:
        return Cache(database.fetch, namespace="test", release="1", ttl=60, secret="secret")

    @pytest.fixture
    def pool(self, database: Database) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(self.CLIENTS) as pool:
            yield pool
            database.go_on.set()

    def crowd(self, shop: Bookshop, cache: Cache, pool: ThreadPoolExecutor) -> list[Future[bytes]]:
        read = shop.books_by(1)
        answers = [pool.submit(cache.json, read) for _ in range(self.CLIENTS)]
        until(lambda: cache.stats()["waits"] == self.CLIENTS - 1)
        return answers

    def test_are_one_read_of_the_database(
        self, shop: Bookshop, cache: Cache, database: Database, pool: ThreadPoolExecutor
    ) -> None:
        answers = self.crowd(shop, cache, pool)
        database.go_on.set()
        assert ({answer.result() for answer in answers}, database.reads) == ({b'[{"id":1,"title":"Emma"}]'}, 1)

    def test_wait_only_so_long(
        self,
        shop: Bookshop,
        cache: Cache,
        database: Database,
        pool: ThreadPoolExecutor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "WAIT", 0.05)
        read = shop.books_by(1)
        for _ in range(2):
            pool.submit(cache.json, read)
        until(lambda: database.reads == 2)

    def test_fail_one_by_one_when_the_first_fails(
        self, shop: Bookshop, cache: Cache, database: Database, pool: ThreadPoolExecutor
    ) -> None:
        database.error = ConnectionError("lost")
        answers = self.crowd(shop, cache, pool)
        database.go_on.set()
        assert [type(answer.exception(10)) for answer in answers] == [ConnectionError] * self.CLIENTS

    def test_of_two_scopes_do_not_wait_for_each_other(
        self, shop: Bookshop, cache: Cache, database: Database, pool: ThreadPoolExecutor
    ) -> None:
        other = shop.author("Persuasion")
        for author in (1, other):
            pool.submit(cache.json, shop.books_by(author))
        until(lambda: database.reads == 2)
        assert cache.stats()["waits"] == 0


class TestAReadThatAWriteOvertook:
    @pytest.fixture(autouse=True)
    def overtaken(self, shop: Bookshop, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has its rows, and has not recorded them, when the write is committed."""
        shop.author("Emma")

        def fetch(*read: Any) -> Sequence[Any]:
            found = shop.fetch(*read)
            with shop.session.begin() as session:
                session.add(Book(author_id=1, title="Persuasion"))
            return found

        with monkeypatch.context() as patch:
            patch.setattr(cache, "_fetch_rows", fetch)
            cache.json(shop.books_by(1))

    def test_leaves_nothing_behind_for_the_next(self, shop: Bookshop, cache: Cache) -> None:
        assert b"Persuasion" in cache.json(shop.books_by(1))


class TestAnEntryWhoseFirstReadFailed:
    def test_is_read_by_the_next(self, shop: Bookshop) -> None:
        read = BOOK(author_id=1, id=1)
        shop.author("Emma")
        database = Database(shop)
        database.go_on.set()
        database.error = ConnectionError("lost")
        cache = Cache(database.fetch, namespace="test", release="1", ttl=60, secret="secret")
        with pytest.raises(ConnectionError):
            cache.json(read.cached(shop.scope(1)))
        database.error = None
        assert cache.json(read.cached(shop.scope(1))) == b'{"id":1,"title":"Emma"}'
