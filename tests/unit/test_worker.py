"""What a worker does when more clients come than it has threads for, and when it is told to stop."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.workers import gthread

from app import worker
from app.log import standard_logging
from tests.forge.redis_server import until
from tests.unit.gunicorn_server import CODE, PATIENCE, SLOW_CODE, client_of, filled, started

CODE_WITH_LAST_WORDS = f"""
import atexit
from pathlib import Path

atexit.register(Path("last-words").touch)
{CODE}
"""


REQUEST = b"GET /healthz HTTP/1.1\r\nHost: blog\r\n\r\n"
END = b"\r\n0\r\n\r\n"


class TestAnAccessLineOfGunicorns:
    @pytest.mark.parametrize("file", [None, "-"])
    def test_is_made_where_it_is_asked_for(self, file: str | None) -> None:
        settings = Config()
        settings.set("logconfig_dict", standard_logging())
        settings.set("accesslog", file)
        assert worker.Logger(settings).access_log_enabled is bool(file)


@pytest.mark.programs
class TestAWorkerWithAllItsThreadsTaken:
    @pytest.fixture(autouse=True)
    def taken(self, tmp_path: Path) -> Iterator[None]:
        (filled(tmp_path) / "wsgi.py").write_text(SLOW_CODE)
        self.folder = tmp_path
        with started(tmp_path, "--workers", "1", "--threads", "1") as self.server, self.asking() as self.client:
            until((tmp_path / "asked").exists, PATIENCE)
            yield

    def asking(self) -> socket.socket:
        """A client with two requests, of which the second is begun when the first has been answered."""
        client = client_of(self.server)
        client.sendall(REQUEST * 2)
        return client

    def connections(self) -> list[bytes]:
        """What the client is told of its connection by each answer."""
        (self.folder / "go").touch()
        read = b""
        while read.count(b"HTTP/1.1 200") < 2 or not read.endswith(END):
            read += self.client.recv(1000)
        return re.findall(rb"^Connection: (\S+)", read, re.MULTILINE)

    def test_lets_a_client_go_when_another_waits(self) -> None:
        with self.asking():
            assert self.connections() == [b"keep-alive", b"close"]

    def test_keeps_its_client_when_nobody_waits(self) -> None:
        assert self.connections() == [b"keep-alive", b"keep-alive"]


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
