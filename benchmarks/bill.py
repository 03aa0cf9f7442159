"""What a page view asks of the database, Redis and the store: `python -m benchmarks.bill`.

Counted three times: by a worker when nothing is cached, by another worker when Redis has it, and by that one again.
"""

import re
import secrets
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.storage.disk import DiskStore
from app.storage.store import Store
from tests.conftest import migrate
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN, SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer

BLOGS = 20
NO_QUESTION = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")
# What only signs asks nobody.
NO_REQUEST = {"presign_put", "presign_get", "presign_part"}


class Bill:
    """How often the database and the store were asked by this process, and Redis by anybody."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis
        self.counts: Counter[str] = Counter()
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self._asked)
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = watched  # type: ignore[assignment]
        for name in Store.__abstractmethods__ - NO_REQUEST:
            setattr(DiskStore, name, self._counting(getattr(DiskStore, name)))

    def _asked(self, statement: str) -> None:
        if not statement.lstrip().upper().startswith(NO_QUESTION):
            self.counts["database"] += 1

    def _counting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            self.counts["store"] += 1
            return method(*arguments, **options)

        return ask

    def of(self, act: Callable[[], object]) -> tuple[int, int, int]:
        self.counts.clear()
        before = self._commands()
        act()
        # INFO is one of those that it counts.
        return self.counts["database"], self._commands() - before - 1, self.counts["store"]

    def forget(self) -> None:
        """What Redis holds."""
        self._redis.client.flushall()

    def _commands(self) -> int:
        commands = self._redis.client.info("commandstats")
        return sum(told["calls"] for name, told in commands.items() if name != "cmdstat_client|setinfo")


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        redis = RedisServer(Path(place))
        try:
            return report(Bill(redis), Path(place), redis.url)
        finally:
            redis.kill()


def report(bill: Bill, folder: Path, redis_url: str) -> int:
    settings = Settings(
        _env_file=None,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        redis_url=redis_url,
        base_url="http://localhost",
    )
    migrate(settings)
    made = create_app(settings)
    database, images = made.extensions["database"], made.extensions["images"]
    user = UserFactory.on(database)()
    for number in range(BLOGS):
        blog = BlogFactory.on(database)(user, title=f"Blog {number}", content="Some words. " * 40)
    AttachmentFactory.with_files(database, images)(user, blog)
    headers = SessionFactory(made)(user).browser_headers
    page = client(made, headers).get(f"/blogs/{blog.id}").text
    [picture, *_] = re.findall(r'"(/attachments/[^" ]+)', page)
    made.extensions["cache"].close()
    database.close()

    bill.forget()

    first, second = create_app(settings), create_app(settings)
    print("| page | nothing cached | Redis has it | asked again |")
    print("|---|---|---|---|")
    for name, path in {
        "the first page, logged out": "/",
        "the list, as a page": "/blogs",
        "the list, as JSON": "/api/blogs",
        "one blog": f"/blogs/{blog.id}",
        "its picture": picture.replace("&amp;", "&"),
    }.items():
        asked = client(first, SAME_ORIGIN if path == "/" else headers), client(second, headers)
        told = [bill.of(partial(ok, each, path)) for each in (asked[0], asked[1], asked[1])]
        print(f"| {name} | " + " | ".join(", ".join(map(str, counts)) for counts in told) + " |")
    written = {"title": "First light", "content": "It was bright."}
    told_of = bill.of(lambda: client(first, headers).post("/api/blogs", json=written))
    print(f"| writing a blog | {', '.join(map(str, told_of))} | | |")
    for app in (first, second):
        app.extensions["cache"].close()
        app.extensions["database"].close()
    return 0


def client(app: Flask, headers: dict[str, str]) -> FlaskClient:
    asking = app.test_client(use_cookies=False)
    asking.environ_base |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return asking


def ok(asking: FlaskClient, path: str) -> None:
    with closing(asking.get(path)) as answer:
        if answer.status_code != 200:
            raise RuntimeError(f"{path} was answered with {answer.status_code}")
        answer.get_data()


if __name__ == "__main__":
    sys.exit(main())
