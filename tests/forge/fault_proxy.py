"""A line to a server that fails when it is told to, while it is in use."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Thread
from typing import Literal

Fault = Literal["pass", "freeze", "reset", "slow", "garble"]

CHUNK = 65536
SLOW_BYTES, SLOW_SECONDS = 16, 0.02
# Closing then sends a reset instead of an end.
AT_ONCE = struct.pack("ii", 1, 0)


class FaultProxy:
    """Listens at `port` of 127.0.0.1 and carries what comes to a server and back, as its fault says.

    freeze  takes in everything and hands nothing on, as the kernel does for a process that is stopped; what was held
            back goes on when the fault ends
    reset   ends every connection, the new ones too, by a reset
    slow    hands on 16 bytes every 20 milliseconds
    garble  turns every byte of the server's around
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._fault: Fault = "pass"
        self._changed = Condition()
        self._ends: set[socket.socket] = set()
        self._closed = False
        Thread(target=self._accept, daemon=True).start()

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify_all()
            ends = list(self._ends) if fault == "reset" else []
        for end in ends:
            _reset(end)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            ends = list(self._ends)
        for end in (self._listener, *ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._await_thaw()
        if self._fault == "reset":
            _reset(near)
            return
        try:
            far = socket.create_connection(self._server)
        except OSError:
            _reset(near)
            return
        with self._changed:
            self._ends |= {near, far}
        back = Thread(target=self._carry, args=(far, near, True), daemon=True)
        back.start()
        self._carry(near, far, False)
        back.join()
        with self._changed:
            self._ends -= {near, far}
        near.close()
        far.close()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._await_thaw()
                if is_answer and self._fault == "garble":
                    data = bytes(byte ^ 0xFF for byte in data)
                self._send(target, data)
            self._await_thaw()
            # An end would come before the reset.
            if self._fault != "reset":
                target.shutdown(socket.SHUT_WR)

    def _send(self, target: socket.socket, data: bytes) -> None:
        view = memoryview(data)
        while view and self._fault == "slow":
            target.sendall(view[:SLOW_BYTES])
            view = view[SLOW_BYTES:]
            with self._changed:
                self._changed.wait(SLOW_SECONDS)
        target.sendall(view)

    def _await_thaw(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._fault != "freeze" or self._closed)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        # The other thread that reads from it wakes up.
        end.shutdown(socket.SHUT_RD)
        end.close()


@contextmanager
def fault_proxy(host: str, port: int) -> Iterator[FaultProxy]:
    proxy = FaultProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
