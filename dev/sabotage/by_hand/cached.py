"""Rules 22 to 24 and 39: the query cache, which is never wrong, and never more than a cache."""

from dev.sabotage.entry import Sabotage

VALUE = "app/cache/stored_value.py"
VERSIONS = "app/cache/versions.py"
REDIS = "app/cache/redis_store.py"
BREAKER = "app/cache/breaker.py"
QUERY = "app/cache/query.py"
MEMORY = "app/cache/memory.py"

OF_VALUES = ("tests/unit/cache/test_stored_value.py",)
OF_VERSIONS = ("tests/unit/cache/test_versions.py",)
OF_REDIS = ("tests/unit/cache/test_redis_store.py",)
OF_QUERIES = ("tests/unit/cache/test_query.py",)

SABOTAGES = (
    Sabotage(
        "a value of another schema is served",
        rule=22,
        file=VALUE,
        take_out='if not isinstance(value, bytes) or not value.startswith(SCHEMA + b" "):',
        put="if not isinstance(value, bytes):",
        tests=OF_VALUES,
    ),
    Sabotage(
        "a value of another release is served",
        rule=22,
        file=REDIS,
        take_out="{SCHEMA.decode()}-{self._release}",
        put="{SCHEMA.decode()}",
        tests=OF_REDIS,
    ),
    Sabotage(
        "a write leaves the version",
        rule=23,
        file=VERSIONS,
        take_out="        outdated = bump(connection, owner.version, owner_id)\n",
        put="        outdated = None\n",
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "a write behind the cache's back is let through",
        rule=23,
        file=VERSIONS,
        take_out="        if owner_of(part) is not None:\n",
        put="        if False:\n",
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "a version comes twice when the clock goes back",
        rule=23,
        file=VERSIONS,
        take_out="return case((column >= now, column + 1), else_=now)",
        put="return case((column >= now, now), else_=now)",
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "a value is found under any version",
        rule=23,
        file=REDIS,
        take_out="{scope.name}:{scope.version}:",
        put="{scope.name}:",
        tests=OF_REDIS,
    ),
    Sabotage(
        "a query may read what nobody owns",
        rule=23,
        file=QUERY,
        take_out="        return tuple(self._owner(table, parts) for table in _tables(parts))\n",
        put="        return tuple(self._owner(table, parts) for table in _tables(parts) if owner_of(table))\n",
        tests=OF_QUERIES,
    ),
    Sabotage(
        "memory grows without end",
        rule=24,
        file=MEMORY,
        take_out="len(self._kept) > self._max_entries or self._bytes > self._max_bytes",
        put="len(self._kept) > self._max_entries",
        tests=("tests/unit/cache/test_memory.py",),
    ),
    Sabotage(
        "a frozen Redis is waited for",
        rule=24,
        file=REDIS,
        take_out="TIMEOUT = 0.05\n",
        put="TIMEOUT = 1.0\n",
        tests=OF_REDIS,
    ),
    Sabotage(
        "the breaker never opens",
        rule=24,
        file=BREAKER,
        take_out="return self._failures < FAILURES\n",
        put="return True\n",
        tests=("tests/unit/cache/test_breaker.py",),
    ),
    Sabotage(
        "a value that somebody else wrote is served",
        rule=39,
        file=VALUE,
        take_out="        if not compare_digest(check, self._check(place, made, document)):\n",
        put="        if False:\n",
        tests=OF_VALUES,
    ),
    Sabotage(
        "every blog has the same seal",
        rule=39,
        file=VALUE,
        take_out="blake2b(secret.encode(), person=",
        put='blake2b(b"inkwell", person=',
        tests=("tests/unit/cache/test_stored_value.py", "tests/unit/web/test_reads.py"),
    ),
    Sabotage(
        "a value passes under another key",
        rule=39,
        file=VALUE,
        take_out='b"%d %b %b %b" % (len(place.encode()), place.encode(), made, document)',
        put='b"%b %b" % (made, document)',
        tests=OF_VALUES,
    ),
)
