"""What 100,000 mixed requests leave behind: `python -m benchmarks.endurance`.

Lists, blogs, images, writes, uploads and logins, of two workers that are not replaced meanwhile. As many again come
first, by more clients than there are threads: they fill what a worker may keep, 48 MB of documents and pages, and nine
connections to the database. Since then a worker's memory may grow by a tenth at most, its open files not at all; every
key in Redis must expire, and no file be left that no row of the database names.
"""

import argparse
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

import requests
from sqlalchemy import func, select

from app.attachments.models import Attachment
from app.config import Settings
from app.db import Database
from app.factory import create_app
from app.status import servers
from app.storage.store import sha256_of
from tests.conftest import migrate
from tests.e2e.live_server import LiveBlog, serve, sign_in_provider
from tests.factories.blog import BlogFactory
from tests.factories.picture import a_picture
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.forge.server import Listener, started
from tests.limits import RAISED

CLIENTS = 8
CROWD = 32
GROWTH = 0.10
BLOGS = 20
# Or whoever is connected stays with one worker, and the other has nothing to do.
RECONNECT = 10
# Longer than a connection is kept.
SETTLING_SECONDS = 7
# Less than a write waits for another.
HELD_SECONDS = 1.5


class Left:
    """What is there, while nobody asks."""

    def __init__(self, folder: Path, redis: RedisServer, database: Database) -> None:
        [told] = servers(folder / "metrics")
        self.memory = {worker["pid"]: worker["memory"] for worker in told["workers"]}
        self.descriptors = {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.memory}
        self.keys = [key for key in redis.client.scan_iter() if redis.client.ttl(key) < 0]
        self.files = {path for path in folder.rglob("*") if path.is_file()}
        self.stored = len([path for path in self.files if path.is_relative_to(folder / "store")])
        self.files = {path for path in self.files if path.relative_to(folder).parts[0] not in ("store", "image-cache")}
        with database.read() as db:
            self.rows = db.scalar(select(func.count()).select_from(Attachment)) or 0


class Visitor:
    """Somebody with blogs and a picture, who does one thing after another."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._session = url, requests.Session()
        self._session.headers.update(headers)
        self.asked = 0
        self._blog = self.api("GET", "/api/blogs")[0]["id"]
        self._picture = self.upload()

    def api(self, method: str, path: str, document: Any = None) -> Any:
        answer = self.ask(method, path, json=document)
        return answer.json() if answer.content else None

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        self.asked += 1
        answer = self._session.request(method, path if "://" in path else self._url + path, timeout=30, **options)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def upload(self) -> int:
        body = a_picture()
        told = {"filename": "new.png", "content_type": "image/png", "size": len(body), "sha256": sha256_of(body)}
        upload = self.api("POST", "/api/attachments", told)
        self.ask(upload["method"], upload["url"], data=body, headers=upload["headers"])
        self.api("POST", f"/api/attachments/{upload['id']}/finish", {"parts": []})
        return int(upload["id"])

    def leave(self) -> None:
        self._session.close()

    def turn(self, number: int) -> None:
        if number % RECONNECT == 0:
            self.leave()
        self.ask("GET", "/blogs")
        self.api("GET", "/api/blogs")
        self.api("GET", f"/api/blogs/{self._blog}")
        self.ask("GET", f"/attachments/{self._picture}")
        self.ask("GET", "/")
        if number % 4 == 0:
            self.rename(f"Blog {number}")
        if number % 20 == 0:
            made = self.api("POST", "/api/blogs", {"title": "For a moment", "content": "Some words."})
            self.api("DELETE", f"/api/blogs/{made['id']}")
        if number % 100 == 0:
            self._picture = self.upload()
        if number % 200 == 0:
            self.log_in(number)

    def rename(self, title: str) -> None:
        self.api("PATCH", f"/api/blogs/{self._blog}", {"title": title})

    def log_in(self, number: int) -> None:
        """As a browser does that has no session, by the local provider's page."""
        with requests.Session() as browser:
            page = browser.get(f"{self._url}/auth/google", headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
            hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
            chosen = {**hidden, "person": "new", "name": "Ada", "email": f"ada{number % 50}@example.com"}
            answer = browser.post(page.url.partition("?")[0], data=chosen, timeout=30)
            if answer.status_code != 200 or "/auth/logout" not in answer.text:
                raise RuntimeError(f"A login ended with {answer.status_code} at {answer.url}")
            self.asked += 3


@contextmanager
def served(folder: Path, redis: RedisServer) -> Iterator[LiveBlog]:
    listener, provider = Listener("localhost"), Listener("127.0.0.1")
    settings = Settings(
        _env_file=None,
        secret_key=os.urandom(32).hex(),
        instance_dir=folder,
        redis_url=redis.url,
        base_url=listener.url,
        web_concurrency=2,
        oidc_issuer=provider.url,
        oidc_client_id="inkwell",
        oidc_client_secret=os.urandom(16).hex(),
        **RAISED,
    )
    migrate(settings)
    logs = [folder.parent / "blog.log", folder.parent / "provider.log"]
    with (
        started(sign_in_provider(provider, settings), provider, logs[1]),
        started(serve(settings, "wsgi:app", "--max-requests", "0")(listener), listener, logs[0]),
    ):
        yield LiveBlog(listener.url, logs=logs, provider_url=provider.url, settings=settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    wanted = parser.parse_args().requests
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder, redis = Path(name) / "instance", RedisServer(Path(name))
        folder.mkdir()
        try:
            with served(folder, redis) as blog:
                app = create_app(blog.settings)
                database: Database = app.extensions["database"]
                visitors = [visitor(blog, app, database) for _ in range(CROWD)]
                run(visitors, wanted)
                write_at_once(visitors, database)
                before = Left(folder, redis, database)
                began = monotonic()
                asked = run(visitors[:CLIENTS], wanted)
                after = Left(folder, redis, database)
                print(f"{asked:,} requests, {monotonic() - began:.0f} s")
                kept = report(before, after)
                database.close()
                return 0 if kept else 1
        finally:
            redis.kill()


def visitor(blog: LiveBlog, app: Any, database: Database) -> Visitor:
    user = UserFactory.on(database)()
    for number in range(BLOGS):
        BlogFactory.on(database)(user, title=f"Blog {number}", content="Some words. " * 40)
    return Visitor(blog.url, SessionFactory(app)(user).browser_headers)


def write_at_once(visitors: list[Visitor], database: Database) -> None:
    """Have every thread hold a connection to the database: as many as there will ever be.

    To close the file of one would drop the locks of the others (fcntl(2)), so SQLite keeps it open for the next.
    """
    threads = [Thread(target=each.rename, args=("At once",)) for each in visitors]
    with database.write() as db:
        # Takes the only lock for writing.
        db.connection()
        for thread in threads:
            thread.start()
        sleep(HELD_SECONDS)
    for thread in threads:
        thread.join()
    sleep(SETTLING_SECONDS)


def run(visitors: list[Visitor], requests_in_all: int) -> int:
    """Until they have asked so often together: how often it was. Raises the first error that one of them met."""
    problems: list[Exception] = []
    before = sum(each.asked for each in visitors)

    def asked() -> int:
        return sum(each.asked for each in visitors) - before

    turns, lock = iter(range(1, sys.maxsize)), Lock()

    def go(visitor: Visitor) -> None:
        try:
            while asked() < requests_in_all and not problems:
                with lock:
                    number = next(turns)
                visitor.turn(number)
        except Exception as problem:  # noqa: BLE001  told below
            problems.append(problem)

    threads = [Thread(target=go, args=(each,)) for each in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in visitors:
        each.leave()
    sleep(SETTLING_SECONDS)
    if problems:
        raise problems[0]
    return asked()


def report(before: Left, after: Left) -> bool:
    kept = before.memory.keys() == after.memory.keys()
    for pid in before.memory.keys() & after.memory.keys():
        growth = after.memory[pid] / before.memory[pid] - 1
        fds = after.descriptors[pid] - before.descriptors[pid]
        kept &= growth <= GROWTH and fds <= 0
        print(
            f"worker {pid}: {before.memory[pid] / 1e6:.1f} MB, then {after.memory[pid] / 1e6:.1f} MB ({growth:+.1%});"
            f" open files {before.descriptors[pid]}, then {after.descriptors[pid]}"
        )
    more = sorted(after.files - before.files)
    # Each file has as many files of its own in the store as before.
    strays = after.stored - before.stored * after.rows // before.rows
    print(f"keys in Redis without an expiry: {len(after.keys)}; files left: {len(more) + strays}")
    print(*more, sep="\n")
    return kept and not after.keys and not more and not strays


if __name__ == "__main__":
    sys.exit(main())
