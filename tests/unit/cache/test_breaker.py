import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.cache.breaker import FAILURES, PAUSE, Breaker

SILENCE = TimeoutError("no answer")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str | None]]:
    """What each line of the log says: of which dependency, and why."""
    lines = [record.__dict__ for record in caplog.records]
    return [(line["msg"], line["dependency"], line.get("reason")) for line in lines]


class TestABreaker:
    @pytest.fixture
    def breaker(self) -> Breaker:
        return Breaker("store")

    def test_is_closed_at_first(self, breaker: Breaker) -> None:
        assert breaker.closed

    def test_says_once_that_it_opens_and_why(self, breaker: Breaker, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(FAILURES + 5):
            breaker.failed(SILENCE)
        assert told(caplog) == [("breaker opened", "store", f"TimeoutError: {SILENCE}")]

    def test_says_nothing_of_successes(self, breaker: Breaker, caplog: pytest.LogCaptureFixture) -> None:
        breaker.succeeded()
        assert told(caplog) == []

    def test_is_closed_after_failures_between_successes(self, breaker: Breaker) -> None:
        for _ in range(FAILURES):
            breaker.failed(SILENCE)
            breaker.succeeded()
        assert breaker.closed


class TestAnOpenBreaker:
    @pytest.fixture
    def breaker(self) -> Breaker:
        breaker = Breaker("store")
        for _ in range(FAILURES):
            breaker.failed(SILENCE)
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

    def test_says_once_that_it_closes(self, breaker: Breaker, caplog: pytest.LogCaptureFixture) -> None:
        caplog.clear()
        for _ in range(5):
            breaker.succeeded()
        assert told(caplog) == [("breaker closed", "store", None)]

    def test_says_how_long_it_was_open(
        self, breaker: Breaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        breaker.failed(SILENCE)
        later = time.monotonic() + 60
        monkeypatch.setattr(time, "monotonic", lambda: later)
        breaker.succeeded()
        assert round(caplog.records[-1].__dict__["open_seconds"]) == 60
