"""Bodies that come too slowly are given up: each holds one of the worker's few threads."""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Thread
from typing import Any

from app.errors import TooSlow

GRACE_SECONDS = 10
BYTES_PER_SECOND = 8 * 1024
# Less than comes at that speed in the grace: who keeps to it is never late.
CHUNK = 64 * 1024
LOOK_EVERY_SECONDS = 0.5


class Body(io.RawIOBase):
    """A request's body, from a server that waits for as many bytes as it is asked for, however slowly they come."""

    def __init__(self, source: Any, connection: socket.socket) -> None:
        self._source, self._connection = source, connection
        self._began, self._received = time.monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As many bytes as have come, up to CHUNK. Raises TooSlow."""
        wanted = min(len(buffer), CHUNK)
        until = self._began + GRACE_SECONDS + self._received / BYTES_PER_SECOND
        with _watch.over(self._connection, until):
            data: bytes = self._source.read(wanted)
        if len(data) < wanted and time.monotonic() > until:
            raise TooSlow
        buffer[: len(data)] = data
        self._received += len(data)
        return len(data)


class _Watch:
    """Ends the reading side of connections whose time is up, which wakes whoever reads; they can still be answered."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._until: dict[socket.socket, float] = {}
        self._thread: Thread | None = None

    @contextmanager
    def over(self, connection: socket.socket, until: float) -> Iterator[None]:
        with self._changed:
            self._until[connection] = until
            # Not started with the object: a thread does not survive the fork of a worker.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="slow-bodies", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._until[connection]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._until)
                for connection, until in self._until.items():
                    if time.monotonic() > until:
                        hang_up(connection)
            time.sleep(LOOK_EVERY_SECONDS)


def hang_up(connection: socket.socket) -> None:
    """Read no more from it. The answer can still be sent."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


_watch = _Watch()
