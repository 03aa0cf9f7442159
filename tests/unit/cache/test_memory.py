import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.cache import Scope
from app.cache.memory import OVERHEAD, Memory
from app.cache.query import CacheKey

LATER = time.time() + 1000


def entry(name: object) -> CacheKey:
    return CacheKey(Scope("authors", 1, 1), str(name))


def kept(memory: Memory[CacheKey, bytes], *names: object) -> list[object]:
    return [name for name in names if memory.get(entry(name)) is not None]


class TestAMemoryOfThreeEntries:
    @pytest.fixture
    def memory(self) -> Memory[CacheKey, bytes]:
        memory = Memory[CacheKey, bytes](3, 1_000_000)
        for name in (1, 2, 3):
            memory.put(entry(name), b"[]", LATER)
        return memory

    def test_gives_back_what_it_was_given(self, memory: Memory[CacheKey, bytes]) -> None:
        assert memory.get(entry(1)) == b"[]"

    def test_drops_the_oldest_for_a_fourth(self, memory: Memory[CacheKey, bytes]) -> None:
        memory.put(entry(4), b"[]", LATER)
        assert kept(memory, 1, 2, 3, 4) == [2, 3, 4]

    def test_keeps_what_was_asked_for_last(self, memory: Memory[CacheKey, bytes]) -> None:
        memory.get(entry(1))
        memory.put(entry(4), b"[]", LATER)
        assert kept(memory, 1, 2, 3, 4) == [1, 3, 4]

    def test_counts_an_entry_once(self, memory: Memory[CacheKey, bytes]) -> None:
        before = memory.size()
        memory.put(entry(3), b"{}", LATER)
        assert memory.size() == before

    def test_is_empty_when_cleared(self, memory: Memory[CacheKey, bytes]) -> None:
        memory.clear()
        assert memory.size() == {"entries": 0, "bytes": 0}


class TestAMemoryOfSoManyBytes:
    @pytest.fixture
    def memory(self) -> Memory[CacheKey, bytes]:
        memory = Memory[CacheKey, bytes](1000, 10_000)
        for name in range(100):
            memory.put(entry(name), b"x" * 1000, LATER)
        return memory

    def test_stays_below(self, memory: Memory[CacheKey, bytes]) -> None:
        assert 5_000 < memory.size()["bytes"] <= 10_000

    def test_keeps_the_newest(self, memory: Memory[CacheKey, bytes]) -> None:
        assert kept(memory, 0, 98, 99) == [98, 99]

    def test_counts_what_it_drops(self, memory: Memory[CacheKey, bytes]) -> None:
        memory.put(entry("huge"), b"x" * 20_000, LATER)
        assert memory.size() == {"entries": 0, "bytes": 0}


class TestAnEntryWhoseTimeIsUp:
    def test_is_gone(self) -> None:
        memory = Memory[CacheKey, bytes](3, 1000)
        memory.put(entry(1), b"[]", time.time())
        assert (memory.get(entry(1)), memory.size()["entries"]) == (None, 0)


class TestManyThreadsAtOnce:
    def test_keep_within_the_bounds(self) -> None:
        memory = Memory[CacheKey, bytes](50, 100_000)

        def work(seed: int) -> None:
            for turn in range(2000):
                memory.put(entry((seed * turn) % 97), b"x" * (turn % 300), LATER)
                memory.get(entry(turn % 97))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        for name in range(97):
            memory.put(entry(name), b"", LATER)
        memory.put(entry(0), b"", LATER)
        assert memory.size() == {"entries": 50, "bytes": 50 * OVERHEAD}
