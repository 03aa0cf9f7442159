from collections.abc import Iterator
from threading import Event, Thread

import pytest

from app.cache.recorder import PENDING, Recorder


class TestARecorder:
    @pytest.fixture
    def recorder(self) -> Iterator[Recorder]:
        recorder = Recorder()
        yield recorder
        recorder.close()

    def test_takes_no_more_than_it_can_hold(self, recorder: Recorder) -> None:
        go_on = Event()

        def hold() -> None:
            go_on.wait(30)

        taken = [recorder.submit(hold) for _ in range(1000)]
        go_on.set()
        assert PENDING <= sum(taken) <= PENDING + 1

    def test_goes_on_after_an_error(self, recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
        done = Event()
        recorder.submit(fail)
        recorder.submit(done.set)
        assert (done.wait(10), "failed" in caplog.text) == (True, True)

    def test_works_again_after_it_was_closed(self, recorder: Recorder) -> None:
        done = Event()
        recorder.submit(done.set)
        recorder.close()
        done.clear()
        recorder.submit(done.set)
        assert done.wait(10)

    def test_says_no_when_the_process_ends(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_thread: object) -> None:
            raise RuntimeError("can't start new thread at interpreter shutdown")

        monkeypatch.setattr(Thread, "start", refuse)
        assert not recorder.submit(lambda: None)


def fail() -> None:
    raise ValueError("no such thing")
