"""The blog behind the proxies whose configurations are shipped, each the real program."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.auth.models import User
from app.config import Settings
from tests.e2e.live_server import WORKERS, serve
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.server import Listener, started
from tests.proxies import PROXIES, Proxy
from tests.slow_clients import slow_clients

pytestmark = pytest.mark.programs

# Bare, the blog would not answer at all while the clients hold.
PATIENCE = 10


@dataclass(frozen=True)
class Proxied:
    proxy: Proxy
    headers: dict[str, str]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            "localhost", self.proxy.port, timeout=PATIENCE, context=self.proxy.context
        )
        with closing(connection):
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture(scope="module", params=PROXIES)
def proxied(
    request: pytest.FixtureRequest,
    settings: Settings,
    user_factory: UserFactory,
    session_factory: SessionFactory,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxied")
    listener = Listener()
    own = settings.model_copy(update={"web_concurrency": WORKERS, "proxy_hops": 1})
    person: User = user_factory()
    with (
        started(serve(own)(listener), listener, folder / "blog.log"),
        PROXIES[request.param](f"127.0.0.1:{listener.port}", folder) as proxy,
    ):
        yield Proxied(proxy, session_factory(person).header)


class TestTheBlogBehindAProxy:
    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
    def test_is_there(self, proxied: Proxied, path: str) -> None:
        assert proxied.ask("GET", path)[0] == 200

    def test_takes_what_somebody_writes(self, proxied: Proxied) -> None:
        written = {"title": "First light", "content": "It was bright. " * 1_000}
        status, body = proxied.ask(
            "POST",
            "/api/blogs",
            json.dumps(written).encode(),
            **proxied.headers,
            **{"Content-Type": "application/json"},
        )
        assert (status, json.loads(body).get("title")) == (201, "First light"), body

    def test_keeps_its_counters_to_itself(self, proxied: Proxied) -> None:
        assert proxied.ask("GET", "/metrics")[0] == 404


class TestARequestThatIsNotWholeYet:
    @pytest.mark.parametrize("proxy", PROXIES)
    def test_is_not_passed_on(self, proxy: str, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as blog:
            blog.settimeout(PATIENCE)
            address = f"127.0.0.1:{blog.getsockname()[1]}"
            with (
                PROXIES[proxy](address, tmp_path) as proxied,
                request_to(proxied, b"POST /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf"),
                request_to(proxied, b"GET /whole HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                closing(blog.accept()[0]) as first,
            ):
                assert first.recv(1000).startswith(b"GET /whole ")


def request_to(proxy: Proxy, text: bytes) -> ssl.SSLSocket:
    bare = socket.create_connection(("localhost", proxy.port), timeout=PATIENCE)
    client = proxy.context.wrap_socket(bare, server_hostname="localhost")
    client.sendall(text)
    return client


class TestSlowClients:
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def held(cls, proxied: Proxied) -> Iterator[None]:
        with slow_clients(proxied.proxy.port, proxied.headers, proxied.proxy.context):
            yield

    @pytest.mark.parametrize("path", ["/healthz", "/"])
    def test_keep_nobody_else_waiting(self, proxied: Proxied, path: str) -> None:
        assert [proxied.ask("GET", path)[0] for _ in range(10)] == [200] * 10
