import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from app.cache import BoundQuery, Cache, Outcome, breaker, redis_store
from app.cache import cache as cache_module
from tests.forge.redis_server import RedisServer, until
from tests.unit.cache.bookshop import BOOK, BOOKS_BY, Book, Bookshop, Database
from tests.unit.cache.conftest import TTL, Worker
from tests.unit.claims import raised_by

EMMA = b'[{"id":1,"title":"Emma"}]'


def outcome(cache: Cache, read: BoundQuery) -> tuple[str, str]:
    seen: list[Outcome] = []
    cache.json(read, observe=seen.append)
    return seen[0].result, seen[0].tier


def write(shop: Bookshop) -> None:
    with shop.session.begin() as session:
        session.add(Book(author_id=1, title="Persuasion"))


@pytest.fixture(autouse=True)
def the_shop_has_a_book(shop: Bookshop) -> None:
    shop.author("Emma")


class TestAnEntryThatAnotherWorkerMade:
    @pytest.fixture(autouse=True)
    def recorded(self, shop: Bookshop, worker: Worker) -> None:
        first = worker()
        first.json(shop.books_by(1))
        first.close()

    @pytest.fixture
    def key(self, server: RedisServer) -> bytes:
        (key,) = server.client.keys("*")
        assert isinstance(key, bytes)
        return key

    def spoil(self, server: RedisServer, key: bytes, value: bytes) -> None:
        server.client.hset(key, server.client.hkeys(key)[0], value)

    def test_is_a_hit(self, shop: Bookshop, worker: Worker) -> None:
        assert outcome(worker(), shop.books_by(1)) == ("hit", "redis")

    def test_is_the_same_document(self, shop: Bookshop, worker: Worker) -> None:
        assert worker().json(shop.books_by(1)) == EMMA

    def test_is_kept_in_memory_then(self, shop: Bookshop, worker: Worker) -> None:
        second = worker()
        second.json(shop.books_by(1))
        assert outcome(second, shop.books_by(1)) == ("hit", "memory")

    def test_is_out_of_reach_after_a_write(self, shop: Bookshop, worker: Worker) -> None:
        write(shop)
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    def test_is_out_of_reach_of_another_release(self, shop: Bookshop, server: RedisServer) -> None:
        later = Cache(shop.fetch, namespace="test", release="2", ttl=TTL, secret="secret", redis_url=server.url)
        assert outcome(later, shop.books_by(1)) == ("miss", "database")
        later.close()

    def test_is_a_miss_once_it_is_older_than_allowed(
        self, shop: Bookshop, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + TTL)
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    @pytest.mark.parametrize(
        "value",
        [b"", b"null", b"1 2 3 []", b"\x80\x04K\x01.", b"1 1795000000.000 " + b"0" * 24 + b" []"],
        ids=["empty", "bare", "short", "pickle", "forged"],
    )
    def test_is_a_miss_when_it_does_not_fit(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes, value: bytes
    ) -> None:
        self.spoil(server, key, value)
        assert worker().json(shop.books_by(1)) == EMMA

    def test_is_a_miss_when_somebody_else_sealed_it(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes
    ) -> None:
        server.client.flushall()
        stranger = Cache(shop.fetch, namespace="test", release="1", ttl=TTL, secret="another", redis_url=server.url)
        stranger.json(shop.books_by(1))
        stranger.close()
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    def test_is_a_miss_when_it_was_cut_short(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes
    ) -> None:
        self.spoil(server, key, server.client.hvals(key)[0][:-1])
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    def test_is_a_miss_when_it_came_from_another_key(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes
    ) -> None:
        write(shop)
        server.client.rename(key, key.replace(key.split(b":")[3], version(shop)))
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    def test_is_not_even_fetched_when_it_is_huge(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes
    ) -> None:
        self.spoil(server, key, b"x" * 5_000_000)
        server.client.config_resetstat()
        worker().json(shop.books_by(1))
        assert server.client.info("stats")["total_net_output_bytes"] < 1_000_000

    def test_is_a_miss_when_the_key_is_of_another_type(
        self, shop: Bookshop, worker: Worker, server: RedisServer, key: bytes
    ) -> None:
        server.client.delete(key)
        server.client.lpush(key, "x")
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")

    def test_is_a_miss_when_the_server_was_flushed(self, shop: Bookshop, worker: Worker, server: RedisServer) -> None:
        server.client.flushall()
        assert outcome(worker(), shop.books_by(1)) == ("miss", "database")


def version(shop: Bookshop) -> bytes:
    return str(shop.scope(1).version).encode()


class TestWhatIsInRedis:
    @pytest.fixture
    def cache(self, shop: Bookshop, worker: Worker) -> Cache:
        cache = worker()
        for read in (BOOKS_BY(author_id=1), BOOK(author_id=1, id=1), BOOK(author_id=1, id=2)):
            cache.json(read.cached(shop.scope(1)))
        cache.close()
        return cache

    def test_is_one_hash_for_a_scope_and_version(self, shop: Bookshop, cache: Cache, server: RedisServer) -> None:
        name = f"test:authors:1:{shop.scope(1).version}:1-1".encode()
        assert [(key, server.client.hlen(key)) for key in server.client.keys("*")] == [(name, 3)]

    def test_expires(self, cache: Cache, server: RedisServer) -> None:
        assert [0 < server.client.ttl(key) <= TTL for key in server.client.keys("*")] == [True]

    def test_expires_no_later_for_a_later_record(self, shop: Bookshop, cache: Cache, server: RedisServer) -> None:
        (key,) = server.client.keys("*")
        server.client.expire(key, 5)
        cache.json(BOOK(author_id=1, id=3).cached(shop.scope(1)))
        cache.close()
        assert server.client.ttl(key) <= 5

    def test_expires_in_time_though_it_was_to_last_longer(
        self, shop: Bookshop, cache: Cache, server: RedisServer
    ) -> None:
        (key,) = server.client.keys("*")
        server.client.expire(key, 10 * TTL)
        cache.json(BOOK(author_id=1, id=3).cached(shop.scope(1)))
        cache.close()
        assert server.client.ttl(key) <= TTL

    def test_expires_though_somebody_took_the_expiry_away(
        self, shop: Bookshop, cache: Cache, server: RedisServer
    ) -> None:
        (key,) = server.client.keys("*")
        server.client.persist(key)
        cache.json(BOOK(author_id=1, id=3).cached(shop.scope(1)))
        cache.close()
        assert 0 < server.client.ttl(key) <= TTL

    def test_can_be_explained(self, cache: Cache) -> None:
        (entry, *_) = cache.explain("authors:1")
        assert (str(entry["key"]).startswith("test:authors:1:"), entry["bytes"], entry["expires_in"], entry["age"]) == (
            True,
            pytest.approx(60, abs=25),
            pytest.approx(TTL, abs=10),
            pytest.approx(0, abs=10),
        )

    def test_can_be_explained_query_by_query(self, cache: Cache) -> None:
        fields = sorted(str(entry["field"]).partition("#")[0] for entry in cache.explain())
        assert fields == ["book(author_id=1, id=1)", "book(author_id=1, id=2)", "books_by(author_id=1)"]

    def test_is_explained_for_the_one_asked_about(self, cache: Cache) -> None:
        assert cache.explain("authors:11") == []

    def test_can_be_cleared(self, cache: Cache, server: RedisServer) -> None:
        cache.clear("authors:1")
        assert server.client.keys("*") == []

    def test_stays_when_somebody_else_is_cleared(self, cache: Cache, server: RedisServer) -> None:
        server.client.set("test:authors:11:1:1-1", "x")
        cache.clear("authors:1")
        assert server.client.keys("*") == [b"test:authors:11:1:1-1"]

    def test_is_all_cleared_but_what_is_not_ours(self, cache: Cache, server: RedisServer) -> None:
        server.client.mset({"tests": "x", "other:test:": "x"})
        cache.clear()
        assert sorted(server.client.keys("*")) == [b"other:test:", b"tests"]

    def test_is_not_cleared_by_a_name_that_is_a_pattern(self, cache: Cache) -> None:
        assert cache.clear("authors:*") == 0

    def test_is_no_huge_document_nor_a_lease_for_one(self, shop: Bookshop, cache: Cache, server: RedisServer) -> None:
        server.client.flushall()
        cache.json(shop.books_by(shop.author("x" * redis_store.MAX_VALUE)))
        cache.close()
        assert server.client.keys("*") == []

    def test_stays_after_a_write_that_is_taken_back(self, shop: Bookshop, cache: Cache, server: RedisServer) -> None:
        cache.tidy_after(shop.session)
        with shop.session() as session:
            session.add(Book(author_id=1, title="Persuasion"))
            session.flush()
            session.rollback()
            session.add(Book(author_id=shop.author(), title="Ulysses"))
            session.commit()
        cache.close()
        assert server.client.dbsize() == 1

    def test_is_gone_after_a_write(self, shop: Bookshop, cache: Cache, server: RedisServer) -> None:
        cache.tidy_after(shop.session)
        write(shop)
        cache.close()
        assert server.client.keys("*") == []


class TestTheFirstReadInManyWorkers:
    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache_module, "WAIT", 30)
        monkeypatch.setattr(cache_module, "WAIT_FOR_WORKER", 30)
        monkeypatch.setattr(redis_store, "TIMEOUT", 5)
        monkeypatch.setattr(redis_store, "LEASE_MILLISECONDS", 60_000)

    def test_reads_the_database_once(self, shop: Bookshop, server: RedisServer) -> None:
        database, read = Database(shop), shop.books_by(1)
        workers = [
            Cache(database.fetch, namespace="test", release="1", ttl=TTL, secret="secret", redis_url=server.url)
            for _ in range(4)
        ]
        with ThreadPoolExecutor(100) as pool:
            answers = [pool.submit(workers[turn % 4].json, read) for turn in range(100)]
            # Each of the four leaders has asked Redis, and three of them more than once.
            until(lambda: server.client.info("commandstats").get("cmdstat_eval", {}).get("calls", 0) > 10)
            database.go_on.set()
        for cache in workers:
            cache.close()
        assert ({answer.result() for answer in answers}, database.reads) == ({EMMA}, 1)

    def test_holds_a_lease_that_expires(self, shop: Bookshop, worker: Worker, server: RedisServer) -> None:
        cache = worker()
        assert cache._redis is not None
        cache._redis.ask(shop.books_by(1).key(shop.scope(1)))
        assert [0 < server.client.pttl(key) <= 60_000 for key in server.client.keys("*")] == [True]


class TestAFillerThatWasKilled:
    @pytest.fixture(autouse=True)
    def leased(self, shop: Bookshop, worker: Worker) -> None:
        killed = worker()
        assert killed._redis is not None
        killed._redis.ask(shop.books_by(1).key(shop.scope(1)))

    def test_holds_nobody_up_for_long(self, shop: Bookshop, worker: Worker) -> None:
        started = time.monotonic()
        assert (worker().json(shop.books_by(1)), time.monotonic() - started < 1) == (EMMA, True)

    def test_is_replaced(self, shop: Bookshop, worker: Worker) -> None:
        worker().json(shop.books_by(1))
        until(lambda: outcome(worker(), shop.books_by(1)) == ("hit", "redis"))


class TestAServerThatIsFull:
    @pytest.fixture(autouse=True)
    def full(self, server: RedisServer) -> None:
        server.client.config_set("maxmemory-policy", "noeviction")
        server.client.config_set("maxmemory", "1")

    def test_costs_no_error(self, shop: Bookshop, worker: Worker) -> None:
        assert worker().json(shop.books_by(1)) == EMMA

    def test_still_gives_what_it_has(self, shop: Bookshop, worker: Worker, server: RedisServer) -> None:
        server.client.config_set("maxmemory", "0")
        cache = worker()
        cache.json(shop.books_by(1))
        cache.close()
        server.client.config_set("maxmemory", "1")
        assert outcome(worker(), shop.books_by(1)) == ("hit", "redis")

    def test_is_still_asked(self, shop: Bookshop, worker: Worker) -> None:
        cache = worker()
        for book in range(10):
            cache.json(BOOK(author_id=1, id=book).cached(shop.scope(1)))
        cache.close()
        assert cache.stats()["breaker"] == "closed"

    def test_is_used_again_when_there_is_room(self, shop: Bookshop, worker: Worker, server: RedisServer) -> None:
        worker().json(shop.books_by(1))
        server.client.config_set("maxmemory", "0")
        cache = worker()
        cache.json(shop.books_by(1))
        cache.close()
        assert outcome(worker(), shop.books_by(1)) == ("hit", "redis")


class Outage:
    """What holds for a server that does not answer, however it came to that."""

    @pytest.fixture(autouse=True)
    def quiet(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL)

    @pytest.fixture
    def cache(self, shop: Bookshop, worker: Worker) -> Cache:
        """It has used the server, and loses it in mid-run."""
        cache = worker()
        cache.json(BOOK(author_id=1, id=404).cached(shop.scope(1)))
        cache.close()
        return cache

    def begin(self, server: RedisServer) -> None:
        raise NotImplementedError

    def end(self, server: RedisServer) -> None:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def out(self, cache: Cache, server: RedisServer) -> Iterator[None]:
        self.begin(server)
        yield
        self.end(server)

    def open(self, shop: Bookshop, cache: Cache) -> None:
        for book in range(3):
            cache.json(BOOK(author_id=1, id=book).cached(shop.scope(1)))
        until(lambda: cache.stats()["breaker"] == "open")

    def test_costs_no_error(self, shop: Bookshop, cache: Cache) -> None:
        assert raised_by(lambda: cache.json(shop.books_by(1))) is None

    def test_keeps_no_answer_back(self, shop: Bookshop, cache: Cache) -> None:
        assert cache.json(shop.books_by(1)) == EMMA

    def test_costs_a_read_one_timeout(self, shop: Bookshop, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis_store, "TIMEOUT", 0.5)
        cache, read = worker(), shop.books_by(1)
        started = time.monotonic()
        cache.json(read)
        assert time.monotonic() - started < 0.95

    def test_opens_the_breaker(self, shop: Bookshop, cache: Cache) -> None:
        self.open(shop, cache)
        assert cache.stats()["redis_errors"] >= breaker.FAILURES

    def test_costs_no_more_then(self, shop: Bookshop, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open(shop, cache)
        monkeypatch.setattr(breaker, "PAUSE", 0)
        scope = shop.scope(1)
        started = time.monotonic()
        for book in range(100, 150):
            cache.json(BOOK(author_id=1, id=book).cached(scope))
        assert time.monotonic() - started < 50 * redis_store.TIMEOUT / 2

    def test_is_not_tried_by_records_then(self, shop: Bookshop, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breaker, "PAUSE", 60)
        self.open(shop, cache)
        cache.close()
        before = cache.stats()["redis_errors"]
        cache.json(shop.books_by(1))
        cache.close()
        assert cache.stats()["redis_errors"] == before

    def test_leaves_the_memory_working(self, shop: Bookshop, cache: Cache) -> None:
        cache.json(shop.books_by(1))
        assert outcome(cache, shop.books_by(1)) == ("hit", "memory")

    def test_is_never_stale_afterwards(self, shop: Bookshop, worker: Worker, cache: Cache, server: RedisServer) -> None:
        cache.tidy_after(shop.session)
        cache.json(shop.books_by(1))
        write(shop)
        self.end(server)
        assert b"Persuasion" in worker().json(shop.books_by(1))

    def test_is_over_without_a_restart(
        self, shop: Bookshop, worker: Worker, cache: Cache, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(breaker, "PAUSE", 0.05)
        self.open(shop, cache)
        self.end(server)
        books = iter(range(1000, 1_000_000))

        def recovered() -> bool:
            cache.json(BOOK(author_id=1, id=next(books)).cached(shop.scope(1)))
            return bool(cache.stats()["breaker"] == "closed")

        until(recovered)
        cache.json(shop.books_by(1))
        cache.close()
        assert outcome(worker(), shop.books_by(1)) == ("hit", "redis")


class TestAServerThatIsFrozen(Outage):
    def begin(self, server: RedisServer) -> None:
        server.freeze()

    def end(self, server: RedisServer) -> None:
        server.thaw()


class TestAServerThatIsDead(Outage):
    def begin(self, server: RedisServer) -> None:
        server.kill()

    def end(self, server: RedisServer) -> None:
        server.start()


class TestATimeout:
    def test_is_a_twentieth_of_a_second(self) -> None:
        assert redis_store.TIMEOUT <= 0.05


class Nonsense(BaseRequestHandler):
    answer = b""

    def handle(self) -> None:
        while self.request.recv(65536):
            self.request.sendall(self.answer)


class TestAServerThatTalksNonsense:
    @pytest.fixture(
        params=[b"$abc\r\n", b"*-7\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"?\r\n", b":7\r\n:7\r\n", b"*1\r\n:0\r\n"]
    )
    def url(self, request: pytest.FixtureRequest) -> Iterator[str]:
        handler = type("Talker", (Nonsense,), {"answer": request.param})
        with ThreadingTCPServer(("127.0.0.1", 0), handler) as nonsense:
            nonsense.daemon_threads = True
            thread = Thread(target=nonsense.serve_forever, args=(0.01,))
            thread.start()
            yield f"redis://127.0.0.1:{nonsense.server_address[1]}"
            nonsense.shutdown()
            thread.join()

    def test_costs_no_error(self, shop: Bookshop, url: str) -> None:
        cache = Cache(shop.fetch, namespace="test", release="1", ttl=TTL, secret="secret", redis_url=url)
        answers = {cache.json(BOOK(author_id=1, id=book).cached(shop.scope(1))) for book in range(2, 8)}
        cache.close()
        assert answers == {b"null"}
