from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cache import Cache
from tests.redis_server import RedisServer
from tests.unit.cache.library import Library, library

Worker = Callable[[], Cache]
TTL = 60


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    shelf = library(tmp_path)
    yield shelf
    shelf.close()


@pytest.fixture
def cache(shelf: Library) -> Cache:
    return Cache(shelf.connect, namespace="test", release="1", ttl=TTL, secret="secret")


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    return redis_server


@pytest.fixture
def worker(shelf: Library, server: RedisServer) -> Iterator[Worker]:
    """Makes what another process would have: a memory of its own before the same Redis."""
    workers: list[Cache] = []

    def make() -> Cache:
        workers.append(
            Cache(shelf.connect, namespace="test", release="1", ttl=TTL, secret="secret", redis_url=server.url)
        )
        return workers[-1]

    yield make
    for made in workers:
        made.close()
