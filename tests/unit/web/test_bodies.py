"""How long a body may take."""

import io
import re
import socket
import time
from collections.abc import Iterator

import pytest

from app.errors import TooSlow
from app.storage.routes import UPLOADS_AT_ONCE
from app.web import bodies
from app.web.bodies import BYTES_PER_SECOND, CHUNK, GRACE_SECONDS, Body
from tests.conftest import ROOT
from tests.unit.claims import promptly


class Source:
    """As gunicorn reads from a connection: until there is all that was asked for, or the end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self, size: int) -> bytes:
        found = b""
        while len(found) < size and (more := self._connection.recv(size - len(found))):
            found += more
        return found


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's end of a connection, and the server's."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


class TestABody:
    def test_is_read_as_it_was_sent(self, ends: tuple[socket.socket, socket.socket]) -> None:
        client, server = ends
        client.sendall(b"first light")
        client.shutdown(socket.SHUT_WR)
        assert Body(Source(server), server).read() == b"first light"

    def test_may_take_its_time_at_the_least_speed(
        self, ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = Body(io.BytesIO(bytes(10 * CHUNK)), ends[1])
        now, received = time.monotonic(), [0]
        monkeypatch.setattr(time, "monotonic", lambda: now + sum(received) / BYTES_PER_SECOND)
        while more := body.read(CHUNK):
            received.append(len(more))
        assert sum(received) == 10 * CHUNK

    def test_of_which_no_byte_came_in_the_grace_is_given_up(
        self, ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.1)
        body = Body(Source(ends[1]), ends[1])
        with pytest.raises(TooSlow):
            promptly(lambda: body.read(10))

    def test_that_was_given_up_can_be_answered(
        self, ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, server = ends
        monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.1)
        with pytest.raises(TooSlow):
            Body(Source(server), server).read(10)
        server.sendall(b"408")
        assert client.recv(10) == b"408"

    def test_that_ends_early_is_no_slow_one(self, ends: tuple[socket.socket, socket.socket]) -> None:
        client, server = ends
        client.shutdown(socket.SHUT_WR)
        assert Body(Source(server), server).read(10) == b""

    def test_that_is_uploaded_leaves_half_of_a_workers_threads_to_others(self) -> None:
        threads = re.search(r"^threads = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
        assert int(threads[1] if threads else 0) >= 2 * UPLOADS_AT_ONCE

    def test_has_its_first_bytes_within_ten_seconds(self) -> None:
        assert GRACE_SECONDS <= 10
