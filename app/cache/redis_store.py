"""The second tier: a hash for each scope and version, shared by all workers, never waited for longer than TIMEOUT."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from .breaker import Breaker
from .query import CacheKey
from .recorder import Recorder
from .stored_value import SCHEMA, Codec, StoredValue
from .versions import Scope

TIMEOUT = 0.05
LEASE_MILLISECONDS = 1000
MAX_VALUE = 1024 * 1024

# The value, if it is there and not huge; else 1 to whoever may fill the entry, and 0 to the others.
ASK = """
local size = redis.call('HSTRLEN', KEYS[1], ARGV[1])
if size > 0 and size <= tonumber(ARGV[2]) then return redis.call('HGET', KEYS[1], ARGV[1]) end
if redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[3]) then return 1 end
return 0
"""

# The expiry is set once for the hash: if every record renewed it, its first fields could outlive it for ever.
RECORD = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local left = redis.call('TTL', KEYS[1])
if left < 0 or left > tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
redis.call('DEL', KEYS[2])
"""

log = logging.getLogger(__name__)


class Lease(Enum):
    GRANTED = "read the database, and record it"
    TAKEN = "another worker is reading it"


class RedisStore:
    def __init__(
        self, url: str, codec: Codec, namespace: str, release: str, ttl: int, count: Callable[[str], None]
    ) -> None:
        self._codec, self._namespace, self._release, self._ttl, self._count = codec, namespace, release, ttl, count
        # RESP2 spares a new connection the HELLO exchange, and no driver_info two more.
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        self.breaker = Breaker("cache")
        self._recorder = Recorder()

    def ask(self, entry: CacheKey) -> StoredValue | Lease:
        # While the breaker is open only records try the server, so no request pays for finding out.
        if not self.breaker.closed:
            return Lease.GRANTED
        key = self._key(entry.scope)
        value = self._try(
            lambda: self._redis.eval(ASK, 2, key, _filling(key, entry), entry.field, MAX_VALUE, LEASE_MILLISECONDS)
        )
        stored = self._codec.decode(_place(key, entry.field), value)
        if stored is not None and stored.made + self._ttl > time.time():
            return stored
        return Lease.TAKEN if value == 0 else Lease.GRANTED

    def record(self, entry: CacheKey, stored: StoredValue) -> None:
        key = self._key(entry.scope)
        filling = _filling(key, entry)
        value = self._codec.encode(_place(key, entry.field), stored)
        if len(value) <= MAX_VALUE:
            self._later(lambda: self._redis.eval(RECORD, 2, key, filling, entry.field, value, self._ttl))
        else:
            self._later(lambda: self._redis.unlink(filling))

    def forget(self, scopes: Iterable[Scope]) -> None:
        keys = [self._key(scope) for scope in scopes]
        self._later(lambda: self._redis.unlink(*keys))

    def evaluate(self, script: str, key: str, *arguments: object) -> Any:
        """What a script says of one key; None when Redis does not answer, refuses, or is left alone."""
        if not self.breaker.closed:
            return None
        return self._try(lambda: self._redis.eval(script, 1, key, *arguments))

    def explain(self, scope_name: str) -> Iterator[dict[str, object]]:
        """Every entry of a scope, or of all. Errors are the caller's, as in clear()."""
        for key in self._redis.scan_iter(match=self._pattern(scope_name), count=500, _type="HASH"):
            for field, value in self._redis.hscan_iter(key):
                yield self._explained(key, field.decode(errors="replace"), value)

    def clear(self, scope_name: str) -> int:
        keys = self._redis.scan_iter(match=self._pattern(scope_name), count=500)
        return sum(self._redis.unlink(key) for key in keys)

    def answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except Exception:  # noqa: BLE001  whatever it is, as in _try
            return False

    def close(self) -> None:
        self._recorder.close()
        self._redis.close()

    def _explained(self, key: bytes, field: str, value: bytes) -> dict[str, object]:
        shown = key.decode(errors="replace")
        stored = self._codec.decode(_place(shown, field), value)
        return {
            "key": shown,
            "field": field,
            "bytes": len(value),
            "age": None if stored is None else round(time.time() - stored.made, 1),
            "expires_in": self._redis.ttl(key),
        }

    def _try(self, command: Callable[[], Any]) -> Any:
        try:
            answer = command()
        except ResponseError as error:
            # It is there and says no: full, read-only, or another type under our key.
            self.breaker.succeeded()
            self._count("redis_errors")
            log.info("Redis refused: %s", error)
        except Exception as error:  # noqa: BLE001
            # Whatever it is: what talks nonsense can make the client raise anything.
            self._count("redis_errors")
            self.breaker.failed(error)
        else:
            self.breaker.succeeded()
            return answer
        return None

    def _later(self, command: Callable[[], Any]) -> None:
        def job() -> None:
            if self.breaker.may_probe():
                self._try(command)

        if not self._recorder.submit(job):
            self._count("unrecorded")

    def _key(self, scope: Scope) -> str:
        return f"{self._namespace}:{scope.name}:{scope.version}:{SCHEMA.decode()}-{self._release}"

    def _pattern(self, scope_name: str) -> str:
        literal = f"{self._namespace}:{scope_name}:" if scope_name else f"{self._namespace}:"
        return "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in literal) + "*"


def _filling(key: str, entry: CacheKey) -> str:
    return f"{key}:filling:{entry.field}"


def _place(key: str, field: str) -> str:
    return f"{key} {field}"
