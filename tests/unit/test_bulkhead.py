"""How many may wait for one thing."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Thread

import pytest

from app import bulkhead, postgres
from app.bulkhead import Bulkhead
from app.storage import store
from tests.conftest import ROOT


class TestThePlacesForTheDatabaseAndForTheStore:
    @pytest.mark.parametrize("places", [postgres.PLACES, store.PLACES])
    def test_leave_threads_of_a_worker_to_others(self, places: int) -> None:
        settings = (ROOT / "gunicorn.conf.py").read_text()
        threads = re.search(r"^threads = (\d+)$", settings, re.MULTILINE)
        assert threads
        assert places <= int(threads[1]) / 2


class Crowded(Exception):
    pass


def thread(work: Callable[[], object]) -> Thread:
    started = Thread(target=work, daemon=True)
    started.start()
    return started


@pytest.fixture
def places() -> Bulkhead:
    return Bulkhead(2, Crowded)


class TestAFullBulkhead:
    @pytest.fixture(autouse=True)
    def full(self, places: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulkhead, "PATIENCE", 0.02)
        self.places, self.inside = places, ExitStack()
        for _ in range(2):
            self.inside.enter_context(places)

    def test_sends_the_next_one_away(self) -> None:
        with pytest.raises(Crowded), self.places:
            pass

    def test_does_not_let_one_who_was_sent_away_leave_a_place(self) -> None:
        for _ in range(3):
            with pytest.raises(Crowded), self.places:
                pass

    def test_takes_others_when_somebody_has_left(self) -> None:
        self.inside.close()
        with self.places, self.places:
            pass


class TestABulkheadThatIsFullForAMoment:
    def test_keeps_whoever_waits(self, places: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulkhead, "PATIENCE", 10)
        waiting, got_in = Event(), Event()

        def enter() -> None:
            waiting.set()
            with places:
                got_in.set()

        with places:
            with places:
                late = thread(enter)
                waiting.wait(10)
            assert got_in.wait(10)
        late.join()

    def test_keeps_whoever_waits_as_long_as_others_come_and_go(
        self, places: Bulkhead, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now, moves = [100.0], ["swap", "swap", "leave"]

        def pass_time(_seconds: float) -> None:
            now[0] += bulkhead.PATIENCE * 0.9
            places.__exit__()
            if moves.pop(0) == "swap":
                places.__enter__()

        monkeypatch.setattr(bulkhead, "monotonic", lambda: now[0])
        monkeypatch.setattr(places._changed, "wait", pass_time)
        for _ in range(3):
            places.__enter__()
        assert moves == []


class TestAnErrorInside:
    def test_gives_the_place_back(self, places: Bulkhead) -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), places:
                _ = 1 / 0
