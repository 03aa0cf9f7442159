"""The pages of somebody who has very much: `python -m benchmarks.many_blogs [--blogs 10000] [--postgres]`.

So many blogs, as many shared with them, as many in the bin, as many versions of one blog, and all the drafts that there
may be. Ends with 1 where a page takes 50 ms or more, for who asks for it, or has 60 kB or more.
"""

import argparse
import contextlib
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from app.auth.models import User
from app.blogs.drafts import MAX_DRAFTS
from app.config import Settings
from app.db import Database
from app.factory import create_app
from dev.bench.load import Request, ask_on
from dev.bench.servers import HOST, blog, started
from dev.postgres import postgres
from tests.conftest import migrate
from tests.e2e.live_server import environment
from tests.factories.many import many_blogs, many_drafts, many_in_the_bin, many_versions
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.limits import RAISED

MOST_MS, MOST_KB = 50, 60
TIMES = 30
TEXT = "Some words of a text. " * 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_blogs", description=__doc__)
    parser.add_argument("--blogs", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        redis = RedisServer(Path(name))
        stack.callback(redis.kill)
        settings = Settings(
            _env_file=None,
            app_env="production",
            secret_key=secrets.token_hex(32),
            instance_dir=Path(name),
            database_url=stack.enter_context(postgres()) if chosen.postgres else "",
            redis_url=redis.url,
            base_url=f"https://{HOST}",
            web_concurrency=1,
            oidc_issuer="https://accounts.example",
            oidc_client_id="inkwell",
            oidc_client_secret=secrets.token_hex(16),
            **RAISED,
        )
        migrate(settings)
        app = create_app(settings)
        database: Database = app.extensions["database"]
        paths, person = pages(database, chosen.blogs)
        if chosen.postgres:
            # As the server does by itself a while after so much was written; it takes longer than the blog would wait.
            with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute("ANALYZE")
        headers = {"Host": HOST, **SessionFactory(app)(person).header}
        database.close()
        with started(blog(environment(settings)), 0, Path(name) / "log") as server:
            wrong = [what for what, path in paths.items() if not told(server.port, what, Request(path, headers))]
            return 1 if wrong else 0


def pages(database: Database, number: int) -> tuple[dict[str, str], User]:
    """What there is to look at, and who may."""
    users = UserFactory.on(database)
    person, other = users(), users()
    newest = many_blogs(database, person, number, content=TEXT)[-1]
    many_blogs(database, other, number, shared_with=person, content=TEXT)
    many_in_the_bin(database, person, number)
    many_versions(database, person, newest, number)
    many_drafts(database, person, MAX_DRAFTS)
    return {
        "mine": "/blogs",
        "mine, further down": f"/blogs?after={newest - number // 2}",
        "drafts": "/blogs/drafts",
        "shared with me": "/blogs/shared",
        "bin": "/blogs/bin",
        "a search for what all have": "/blogs/search?q=some+words",
        "a search for what none has": "/blogs/search?q=nowhere",
        "a blog": f"/blogs/{newest}",
        "its versions": f"/blogs/{newest}/versions",
        "account": "/account",
    }, person


def told(port: int, what: str, request: Request) -> bool:
    """Ask a few times, print how long that took and how much it was, and say whether it is little enough."""
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        times = list(asked(connection, request))
        reply = ask_on(connection, request)
    kilobytes, middle = len(reply.body) / 1000, statistics.median(times)
    print(f"{what:28} {reply.status} {middle:7.1f} ms, at first {times[0]:7.1f} ms {kilobytes:7.1f} kB", flush=True)
    return reply.status == 200 and middle < MOST_MS and kilobytes < MOST_KB


def asked(connection: HTTPConnection, request: Request) -> Iterator[float]:
    for _ in range(TIMES):
        began = time.perf_counter()
        ask_on(connection, request)
        yield (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
