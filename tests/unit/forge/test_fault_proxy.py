"""The line that fails when it is told to."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest

from tests.forge.fault_proxy import FaultProxy, fault_proxy


def echo(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            near = listener.accept()[0]
            Thread(target=echo_on, args=(near,), daemon=True).start()


def echo_on(near: socket.socket) -> None:
    with near, suppress(OSError):
        while data := near.recv(65536):
            near.sendall(data)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=echo, args=(listener,), daemon=True)
        thread.start()
        with fault_proxy(*listener.getsockname()) as proxy:
            yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    """A connection that was used already."""
    with connected(proxy) as client:
        assert said(client, b"before") == b"before"
        yield client


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def said(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return heard(client, len(data))


def heard(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := client.recv(size - len(data))):
        data += more
    return data


class TestALineThatIsFrozen:
    @pytest.fixture(autouse=True)
    def frozen(self, proxy: FaultProxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        proxy.fault = "freeze"

    def test_takes_everything_and_answers_nothing(self) -> None:
        self.client.sendall(b"x" * 1000)
        self.client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            self.client.recv(1)

    def test_hands_on_what_it_held_back_when_it_thaws(self) -> None:
        self.client.sendall(b"held back")
        self.proxy.fault = "pass"
        assert heard(self.client, 9) == b"held back"

    def test_takes_in_whoever_connects_meanwhile(self) -> None:
        with connected(self.proxy) as late:
            late.sendall(b"late")
            self.proxy.fault = "pass"
            assert heard(late, 4) == b"late"


class TestALineThatIsReset:
    @pytest.fixture(autouse=True)
    def reset(self, proxy: FaultProxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        proxy.fault = "reset"

    def test_ends_the_connections_that_there_are(self) -> None:
        with pytest.raises(ConnectionResetError):
            self.client.recv(1)

    def test_ends_those_that_come(self) -> None:
        with pytest.raises(ConnectionResetError), connected(self.proxy) as late:
            late.recv(1)

    def test_takes_new_ones_afterwards(self) -> None:
        self.proxy.fault = "pass"
        with connected(self.proxy) as late:
            assert said(late, b"again") == b"again"


class TestALineThatGarbles:
    @pytest.fixture(autouse=True)
    def garbled(self, proxy: FaultProxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        proxy.fault = "garble"

    def test_changes_every_byte_of_an_answer(self) -> None:
        assert said(self.client, b"\x00a\xff") == b"\xff\x9e\x00"

    def test_carries_them_as_they_are_afterwards(self) -> None:
        self.proxy.fault = "pass"
        assert said(self.client, b"plain") == b"plain"


class TestALineThatIsSlow:
    def test_hands_on_a_few_bytes_at_a_time(self, proxy: FaultProxy, client: socket.socket) -> None:
        proxy.fault = "slow"
        client.sendall(b"x" * 160)
        assert len(client.recv(160)) == 16
