"""What slow clients cost everybody else, bare and behind the shipped proxies: `python -m benchmarks.slow_clients`.

32 connections send a byte every 2 s, half of them of headers and half of a body, 200 say nothing, 16 said a little.
"""

import http.client
import os
import secrets
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from time import monotonic, perf_counter

import pytest

from app.config import Settings
from app.factory import create_app
from dev.tools import nginx
from tests.conftest import migrate
from tests.e2e.live_server import WORKERS, serve
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.server import Listener, started
from tests.limits import RAISED
from tests.proxies import PROXIES, Proxy
from tests.slow_clients import slow_clients

LIMIT_SECONDS = 1.0
# The bare blog may not answer at all.
PATIENCE = 20
SECONDS = 8
PATHS = ("/healthz", "/")


@contextmanager
def blog(folder: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Its port, and the headers of somebody who is logged in."""
    listener = Listener("127.0.0.1")
    settings = Settings(
        _env_file=None,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        redis_url="",
        web_concurrency=WORKERS,
        proxy_hops=1,
        **RAISED,
    )
    migrate(settings)
    app = create_app(settings)
    headers = SessionFactory(app)(UserFactory.on(app.extensions["database"])()).header
    app.extensions["database"].close()
    with started(serve(settings)(listener), listener, folder / "blog.log"):
        yield listener.port, headers


def slowest(port: int, path: str, context: ssl.SSLContext | None) -> float:
    """The longest that an answer took in some seconds, or infinity where one did not come."""
    until, longest = monotonic() + SECONDS, 0.0
    while monotonic() < until:
        began = perf_counter()
        connection = (
            http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=context)
            if context
            else http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
        )
        try:
            with closing(connection):
                connection.request("GET", path)
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return float("inf")
        longest = max(longest, perf_counter() - began)
    return longest


def main() -> int:
    os.environ["INKWELL_NGINX"] = nginx() or ""
    results: dict[str, list[float]] = {}
    for name in ("bare", *PROXIES):
        with tempfile.TemporaryDirectory() as place, blog(Path(place)) as (port, headers):
            try:
                before: AbstractContextManager[Proxy | None] = (
                    nullcontext() if name == "bare" else PROXIES[name](f"127.0.0.1:{port}", Path(place))
                )
                with before as proxy:
                    at, context = (proxy.port, proxy.context) if proxy else (port, None)
                    quiet = [slowest(at, path, context) for path in PATHS]
                    with slow_clients(at, headers, context):
                        results[name] = [*quiet, *(slowest(at, path, context) for path in PATHS)]
            except pytest.skip.Exception as reason:
                print(f"{name}: {reason}", file=sys.stderr)
    return report(results)


def report(results: dict[str, list[float]]) -> int:
    print(f"{'slowest answer, ms':20}{'/healthz':>12}{'/':>10}   with slow clients: {'/healthz':>10}{'/':>10}")
    for name, taken in results.items():
        told = ["none" if each == float("inf") else f"{each * 1000:.0f}" for each in taken]
        print(f"{name:20}{told[0]:>12}{told[1]:>10}{'':22}{told[2]:>10}{told[3]:>10}")
    over = [name for name, taken in results.items() if name != "bare" and max(taken) > LIMIT_SECONDS]
    print(f"Over {LIMIT_SECONDS:.0f} s behind a proxy: {', '.join(over) or 'none'}")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
