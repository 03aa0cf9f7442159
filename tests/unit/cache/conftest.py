from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cache import Cache
from tests.forge.redis_server import RedisServer
from tests.unit.cache.bookshop import Bookshop, bookshop

Worker = Callable[[], Cache]
TTL = 60


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Bookshop]:
    shop = bookshop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def cache(shop: Bookshop) -> Cache:
    return Cache(shop.fetch, namespace="test", release="1", ttl=TTL, secret="secret")


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    return redis_server


@pytest.fixture
def worker(shop: Bookshop, server: RedisServer) -> Iterator[Worker]:
    """What another process would have: a memory of its own before the same Redis."""
    workers: list[Cache] = []

    def make() -> Cache:
        workers.append(Cache(shop.fetch, namespace="test", release="1", ttl=TTL, secret="secret", redis_url=server.url))
        return workers[-1]

    yield make
    for made in workers:
        made.close()
