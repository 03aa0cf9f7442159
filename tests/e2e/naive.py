"""The blog over caches that one would write first. They must fail the race, or the race would prove nothing.

Both keep an answer under the person and the query. One deletes a person's answers after each of their writes: a reader
who looked into the database before the write can still keep what it saw there after it. The other waits for the expiry.
"""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from redis import Redis

from app.auth.guard import current_user_or_none
from app.cache import BoundQuery, Outcome
from app.config import Settings, load_settings
from app.db import Database
from app.factory import create_app


class NaiveCache:
    def __init__(self, settings: Settings, database: Database, ttl: int) -> None:
        self._redis: Any = Redis.from_url(settings.redis_url)
        self._database, self._ttl = database, ttl

    def json(self, read: BoundQuery, observe: Callable[[Outcome], object]) -> bytes:
        started = time.perf_counter()
        if read.scope is None:
            return self._load(read)
        key, field = f"naive:{read.scope.name}", read.key(read.scope).field
        document: bytes | None = self._redis.hget(key, field)
        hit = document is not None
        if document is None:
            document = self._load(read)
            self._redis.hset(key, field, document)
            self._redis.expire(key, self._ttl)
        seconds = time.perf_counter() - started
        observe(Outcome(read.query.name, "hit" if hit else "miss", "redis" if hit else "database", seconds))
        return document

    def forget(self, scope_name: str) -> None:
        self._redis.delete(f"naive:{scope_name}")

    def _load(self, read: BoundQuery) -> bytes:
        return read.load(self._database.rows)


def deletes() -> Flask:
    app, cache = _blog(ttl=3600)

    @app.after_request
    def delete_after_write(response: Response) -> Response:
        writer = current_user_or_none() if request.method != "GET" else None
        if writer:
            cache.forget(writer.scope.name)
        return response

    return app


def expires() -> Flask:
    return _blog(ttl=1)[0]


def _blog(ttl: int) -> tuple[Flask, NaiveCache]:
    settings = load_settings()
    app = create_app(settings)
    cache = app.extensions["cache"] = NaiveCache(settings, app.extensions["database"], ttl)
    return app, cache
