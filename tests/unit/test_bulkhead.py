"""How many may wait for one thing."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app import bulkhead, postgres
from app.bulkhead import Bulkhead
from app.storage import store
from tests.conftest import ROOT
from tests.unit.claims import promptly


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
    return Bulkhead("store", 2, Crowded)


class TestAFullBulkhead:
    @pytest.fixture(autouse=True)
    def full(self, places: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulkhead, "PATIENCE", 0.02)
        self.places, self.inside = places, ExitStack()
        for _ in range(2):
            self.inside.enter_context(places)

    def test_sends_the_next_one_away(self) -> None:
        with pytest.raises(Crowded):
            promptly(self.places.__enter__)

    def test_does_not_let_one_who_was_sent_away_leave_a_place(self) -> None:
        for _ in range(3):
            with pytest.raises(Crowded), self.places:
                pass

    def test_says_so_once_however_many_it_sends_away(self) -> None:
        with capture_logs() as lines:
            for _ in range(3):
                with pytest.raises(Crowded), self.places:
                    pass
        assert lines == [{"event": "bulkhead full", "dependency": "store", "log_level": "warning"}]

    def test_takes_others_when_somebody_has_left(self) -> None:
        self.inside.close()
        with self.places, self.places:
            pass


class TestABulkheadThatHasSentTwoAway:
    @pytest.fixture(autouse=True)
    def sent_two_away(self, places: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places, self.now = places, 1000.0
        monkeypatch.setattr(bulkhead, "monotonic", lambda: self.now)
        with places, places:
            self.now += 2 * bulkhead.PATIENCE
            for _ in range(2):
                with pytest.raises(Crowded), places:
                    pass

    def entered_after(self, seconds: float) -> list[tuple[str, int]]:
        self.now += seconds
        with capture_logs() as lines:
            for _ in range(3):
                with self.places:
                    pass
        return [(line["event"], line["refused"]) for line in lines]

    def test_says_once_that_it_is_over_when_nobody_was_for_a_minute(self) -> None:
        assert self.entered_after(bulkhead.QUIET_SECONDS) == [("bulkhead has room", 2)]

    def test_says_nothing_before(self) -> None:
        assert self.entered_after(1) == []


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
