"""Clients that take a server's time by taking theirs: rule 33's attack, against any address of this machine."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread

DRIPPING, IDLE, HALF_OPEN = 32, 200, 16
DRIP_SECONDS = 2
PATIENCE = 10
LONG = 100_000


@contextmanager
def slow_clients(port: int, headers: Mapping[str, str], context: ssl.SSLContext | None = None) -> Iterator[None]:
    """32 that send a byte every 2 seconds, half of them of their headers and half of a body; 200 that connect and say
    nothing; 16 that say a little and no more.

    The headers are those of somebody who is logged in. Whoever is hung up on comes again.
    """
    stop = Event()
    with ExitStack() as stack:
        for number in range(IDLE + HALF_OPEN):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            if number >= IDLE:
                # The beginning of a request, or of a greeting in TLS.
                client.sendall(b"\x16\x03\x01\x02\x00" if context else b"GET / HT")
        drips = [stack.enter_context(Drip(port, number % 2 == 0, headers, context)) for number in range(DRIPPING)]
        thread = Thread(target=keep_dripping, args=(drips, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def keep_dripping(drips: "list[Drip]", stop: Event) -> None:
    while not stop.wait(DRIP_SECONDS):
        for drip in drips:
            drip.send()


class Drip:
    """One client that sends its request byte by byte."""

    def __init__(self, port: int, of_headers: bool, headers: Mapping[str, str], context: ssl.SSLContext | None) -> None:
        self._port, self._context = port, context
        told = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items())
        kind = f"Content-Type: application/json\r\nContent-Length: {LONG}\r\n\r\n"
        self._begin = "GET / HTTP/1.1\r\nX-Long: " if of_headers else f"POST /api/blogs HTTP/1.1\r\n{told}{kind}"
        self._socket = self._connected()

    def _connected(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        if self._context:
            client = self._context.wrap_socket(client, server_hostname="localhost")
        client.sendall(self._begin.encode())
        return client

    def send(self) -> None:
        try:
            self._socket.sendall(b" ")
        except OSError:
            self._socket.close()
            with suppress(OSError):
                self._socket = self._connected()

    def __enter__(self) -> "Drip":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
