"""Answers reads: from this process, from Redis, or from the database, which one caller at a time asks."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from threading import Lock
from typing import Any, Literal, NamedTuple

from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from .document import Document
from .memory import Memory
from .query import BoundQuery, CacheKey, Fetch
from .redis_store import MAX_VALUE, Lease, RedisStore
from .stored_value import Codec, StoredValue
from .versions import OUTDATED

# How long a read waits for another thread's, and how long that one waits for another worker's.
WAIT = 0.25
WAIT_FOR_WORKER = 0.15
POLL = 0.01


COUNTED = ("hit_memory", "hit_redis", "miss", "bypass", "waits", "database_reads", "redis_errors", "unrecorded")

Result = Literal["hit", "miss", "bypass"]
Tier = Literal["memory", "redis", "database"]
Answered = tuple[Result, Tier, Document]


class Outcome(NamedTuple):
    name: str
    result: Result
    tier: Tier
    seconds: float


class Cache:
    def __init__(
        self,
        fetch: Fetch,
        *,
        namespace: str,
        release: str,
        ttl: int,
        secret: str,
        redis_url: str | None = None,
        max_entries: int = 10_000,
        max_bytes: int = 32 * 1024 * 1024,
        on_event: Callable[[str], object] = lambda name: None,
    ) -> None:
        """`fetch` reads in a transaction of its own; `release` changes whenever the form of a document may; `secret`
        is known to those alone whose documents may be served.

        `on_event` is told the name of each thing that `stats` counts, for a count over several processes.
        """
        self._fetch_rows, self._ttl = fetch, ttl
        self._memory = Memory[CacheKey, Document](max_entries, max_bytes)
        self._redis = None
        if redis_url:
            self._redis = RedisStore(redis_url, Codec(secret), namespace, release, ttl, self._count)
        self._lock = Lock()
        self._flights: dict[CacheKey, Future[Answered]] = {}
        self._counter_lock = Lock()
        self._counters: Counter[str] = Counter()
        self._on_event = on_event

    def json(self, read: BoundQuery, observe: Callable[[Outcome], object] | None = None) -> bytes:
        started = time.perf_counter()
        result, tier, document = self._answer(read)
        self._count(f"{result}_{tier}" if result == "hit" else result)
        if observe is not None:
            observe(Outcome(read.query.name, result, tier, time.perf_counter() - started))
        return document

    def tidy_after(self, sessions: sessionmaker[Session]) -> None:
        """Clear outdated versions from Redis after each commit of these sessions. Nothing depends on it."""
        event.listen(sessions, "after_commit", self._tidy)

    def stats(self) -> dict[str, Any]:
        with self._counter_lock:
            counters = dict(self._counters)
        breaker = "none" if self._redis is None else "closed" if self._redis.breaker.closed else "open"
        return {**dict.fromkeys(COUNTED, 0), **counters, **self._memory.size(), "breaker": breaker}

    def redis_answers(self) -> bool | None:
        """None where there is none to ask."""
        return None if self._redis is None else self._redis.answers()

    def evaluate(self, script: str, key: str, *arguments: object) -> Any:
        """What a script says of one key in Redis, which is outside of what is cached here; None without an answer."""
        return None if self._redis is None else self._redis.evaluate(script, key, *arguments)

    def explain(self, scope_name: str = "") -> list[dict[str, object]]:
        return [] if self._redis is None else list(self._redis.explain(scope_name))

    def clear(self, scope_name: str = "") -> int:
        """Free memory, here and in Redis. What must be read anew in every worker needs `bump`."""
        self._memory.clear()
        return 0 if self._redis is None else self._redis.clear(scope_name)

    def close(self) -> None:
        """Finish what is being recorded. The cache still works afterwards."""
        if self._redis is not None:
            self._redis.close()

    def _answer(self, read: BoundQuery) -> Answered:
        if read.scope is None:
            return "bypass", "database", self._load(read)
        entry = read.key(read.scope)
        document = self._memory.get(entry)
        return self._share(read, entry) if document is None else ("hit", "memory", document)

    def _share(self, read: BoundQuery, entry: CacheKey) -> Answered:
        mine: Future[Answered] = Future()
        with self._lock:
            flight = self._flights.setdefault(entry, mine)
        if flight is mine:
            return self._lead(read, entry, mine)
        self._count("waits")
        try:
            result, tier, document = flight.result(WAIT)
        except (TimeoutError, CancelledError):
            return "miss", "database", self._load(read)
        return ("bypass", tier, document) if result == "bypass" else ("hit", "memory", document)

    def _lead(self, read: BoundQuery, entry: CacheKey, flight: Future[Answered]) -> Answered:
        try:
            answered = self._fetch(read, entry)
            flight.set_result(answered)
            return answered
        finally:
            # Lets the others go if there was an error, and does nothing once there is a result.
            flight.cancel()
            with self._lock:
                del self._flights[entry]

    def _fetch(self, read: BoundQuery, entry: CacheKey) -> Answered:
        # Between the first look and taking the lead, the one before may have finished.
        document = self._memory.get(entry)
        if document is not None:
            return "hit", "memory", document
        stored = None if self._redis is None else self._ask(self._redis, entry)
        if stored is not None:
            self._remember(entry, stored)
            return "hit", "redis", stored.document
        stored = StoredValue(made=time.time(), document=self._load(read))
        kept = self._remember(entry, stored)
        if self._redis is not None:
            self._redis.record(entry, stored)
        return "miss" if kept else "bypass", "database", stored.document

    def _ask(self, redis: RedisStore, entry: CacheKey) -> StoredValue | None:
        until = time.monotonic() + WAIT_FOR_WORKER
        answer = redis.ask(entry)
        while answer is Lease.TAKEN and time.monotonic() < until:
            time.sleep(POLL)
            answer = redis.ask(entry)
        return answer if isinstance(answer, StoredValue) else None

    def _remember(self, entry: CacheKey, stored: StoredValue) -> bool:
        """False when it is too large to keep."""
        if len(stored.document) > MAX_VALUE:
            return False
        self._memory.put(entry, stored.document, stored.made + self._ttl)
        return True

    def _load(self, read: BoundQuery) -> Document:
        self._count("database_reads")
        return read.load(self._fetch_rows)

    def _tidy(self, session: Session) -> None:
        outdated = session.info.pop(OUTDATED, [])
        if outdated and self._redis is not None:
            self._redis.forget(outdated)

    def _count(self, name: str) -> None:
        with self._counter_lock:
            self._counters[name] += 1
        self._on_event(name)
