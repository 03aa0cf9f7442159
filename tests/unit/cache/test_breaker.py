import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.cache.breaker import FAILURES, PAUSE, Breaker


class TestABreaker:
    @pytest.fixture
    def breaker(self) -> Breaker:
        return Breaker()

    def test_is_closed_at_first(self, breaker: Breaker) -> None:
        assert breaker.closed

    def test_tells_which_failure_opened_it(self, breaker: Breaker) -> None:
        assert [breaker.failed() for _ in range(FAILURES + 1)] == [False] * (FAILURES - 1) + [True, False]

    def test_is_closed_after_failures_between_successes(self, breaker: Breaker) -> None:
        for _ in range(FAILURES):
            breaker.failed()
            breaker.succeeded()
        assert breaker.closed


class TestAnOpenBreaker:
    @pytest.fixture
    def breaker(self) -> Breaker:
        breaker = Breaker()
        for _ in range(FAILURES):
            breaker.failed()
        return breaker

    def test_is_not_closed(self, breaker: Breaker) -> None:
        assert not breaker.closed

    def test_lets_nobody_probe_at_once(self, breaker: Breaker) -> None:
        assert not breaker.may_probe()

    def test_lets_one_probe_after_a_pause(self, breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
        start = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: start + PAUSE + 1)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _: breaker.may_probe(), range(100))) == 1

    def test_closes_with_a_success(self, breaker: Breaker) -> None:
        breaker.succeeded()
        assert breaker.closed
