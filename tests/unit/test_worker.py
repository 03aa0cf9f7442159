"""What a worker does when it is told to stop."""

import os
import signal
from pathlib import Path

import pytest
from gunicorn.workers import gthread

from app import worker
from tests.forge.redis_server import until
from tests.unit.gunicorn_server import CODE, PATIENCE, filled, started

CODE_WITH_LAST_WORDS = f"""
import atexit
from pathlib import Path

atexit.register(Path("last-words").touch)
{CODE}
"""


class TestAWorkerThatIsToldToStop:
    def test_waits_half_a_second_for_what_may_be_on_its_way(self) -> None:
        assert gthread.STOP_KEEPALIVE_LINGER == worker.LINGER_SECONDS == 0.5

    @pytest.mark.programs
    def test_does_not_take_its_interpreter_apart(self, tmp_path: Path) -> None:
        (filled(tmp_path) / "wsgi.py").write_text(CODE_WITH_LAST_WORDS)
        with started(tmp_path) as server:
            os.kill(server.worker(), signal.SIGTERM)
            until(lambda: server.told["ends"] == {"told to stop": 1}, PATIENCE)
            assert not (tmp_path / "last-words").exists()
