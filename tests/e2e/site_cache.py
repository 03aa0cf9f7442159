"""What a test asks of the site's query cache."""

from typing import Any

import pytest
from redis import Redis

from app.auth.models import User
from app.cache import Cache, redis_store
from app.config import Settings
from app.factory import create_app
from tests.forge.redis_server import until

# A test may wait for an answer that a visitor should not be kept waiting for.
PATIENCE = 10


class SiteCache:
    """The cache as one more worker of the site sees it: over the same Redis, and of the same release."""

    def __init__(self, settings: Settings) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(redis_store, "TIMEOUT", PATIENCE)
            self._app = create_app(settings)
        self._cache: Cache = self._app.extensions["cache"]
        self._redis: Any = Redis.from_url(settings.redis_url)

    def entries(self, user: User) -> list[str]:
        """What Redis holds of that person's, such as `blogs_by(owner_id=7)`."""
        entries = self._cache.explain(f"users:{user.id}")
        return sorted(str(entry["field"]).partition("#")[0] for entry in entries)

    def wait_for(self, user: User, *names: str) -> None:
        """Come back when Redis holds those: a worker records an entry after it has answered."""
        until(lambda: {entry.partition("(")[0] for entry in self.entries(user)} >= set(names))

    def clear(self, user: User) -> None:
        """Have every worker read anew what is that person's."""
        result = self._app.test_cli_runner().invoke(args=["cache", "clear", user.email or ""])
        assert result.exit_code == 0, result.output

    def lifetimes(self) -> list[int]:
        """For every key in Redis, in how many seconds it expires; -1 is never."""
        lifetimes = [self._redis.ttl(key) for key in self._redis.scan_iter("*")]
        return [seconds for seconds in lifetimes if seconds != -2]

    def close(self) -> None:
        self._cache.close()
        self._redis.close()
        self._app.extensions["database"].close()
