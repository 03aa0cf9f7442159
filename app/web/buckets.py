"""How often somebody may ask: a bucket that holds a minute's requests and fills evenly (GCRA, ITU-T I.371).

All that is kept of somebody is the moment at which their bucket is full again.
"""

import time
from typing import Protocol

MINUTE = 60.0
# Of whom a process remembers how often they asked, at most: twice this.
KEPT = 10_000

# The same in Redis, by its own clock, in milliseconds: how long to wait, or 0 for a request that was counted.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
full = full + tonumber(ARGV[1])
local wait = full - now - tonumber(ARGV[2])
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.9f', full), 'PX', math.max(1, math.ceil(full - now)))
return 0
"""


class Shared(Protocol):
    """What several processes ask, such as the cache's Redis: None when it does not answer."""

    def evaluate(self, script: str, key: str, *arguments: object) -> object: ...


class Bucket:
    """So many requests a minute for each person or address; all of a minute's may come at once."""

    def __init__(self, name: str, a_minute: int, shared: Shared | None = None) -> None:
        """With `shared`, all processes count together, and each by itself while that does not answer."""
        self._name, self._interval, self._shared = name, MINUTE / a_minute, shared
        self._recent: dict[object, float] = {}
        self._older: dict[object, float] = {}

    def take(self, who: object) -> float:
        """How many seconds to wait; 0 when the request is counted and may go on."""
        if self._shared:
            key = f"inkwell-limits:{self._name}:{who}"
            wait = self._shared.evaluate(TAKE, key, self._interval * 1000, MINUTE * 1000)
            # What somebody else wrote there may be anything.
            if isinstance(wait, int) and 0 <= wait <= MINUTE * 1000:
                return wait / 1000
        return self._take_here(who)

    def _take_here(self, who: object) -> float:
        # Without a lock: where two threads ask at once for the same, one request is not counted.
        now = time.monotonic()
        recent = self._recent
        full = recent.get(who) or self._older.get(who, now)
        full = (full if full > now else now) + self._interval
        if full - now > MINUTE:
            return full - now - MINUTE
        if len(recent) >= KEPT:
            self._older, self._recent = recent, recent = recent, {}
        recent[who] = full
        return 0
