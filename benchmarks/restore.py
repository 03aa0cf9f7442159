"""Back a blog up while people write, restore it, and say what became of cookies, cache, images and sweep.

python -m benchmarks.restore [--postgres]

Ends with 1 when an acknowledged write is not in the backup, or something is as it should not be after the check.
"""

import argparse
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlalchemy import make_url, select

from app.auth.models import User
from app.blogs.models import Blog
from app.config import Settings
from app.db import Database
from app.factory import create_app
from dev.postgres import postgres
from tests.conftest import migrate
from tests.e2e.live_server import serve
from tests.factories.attachment import AttachmentFactory
from tests.factories.picture import a_picture
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.forge.server import Listener, started
from tests.limits import RAISED

WRITERS, SECONDS = 3, 2.0
SINCE = 25
CHECKED = "ends with 0, unknown files named"

Headers = dict[str, str]


@dataclass
class Walk:
    """A blog, with who has which cookie, and a table of what was seen: before the check, after it, as it should be."""

    app: Flask
    folder: Path
    redis: RedisServer
    url: str = ""
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings: Settings = self.app.extensions["settings"]
        self.database: Database = self.app.extensions["database"]
        self.pictures = AttachmentFactory.with_files(self.database, self.app.extensions["images"])
        self.users = UserFactory.on(self.database)
        self.reader, self.leaver = self.users(), self.users()

    @contextmanager
    def running(self) -> Iterator[None]:
        listener = Listener("127.0.0.1")
        self.url = listener.url
        with started(serve(self.settings)(listener), listener, self.folder / "blog.log"):
            yield

    def before(self, backup: Path) -> None:
        """What happened until the disaster: a login, writes with a backup in their midst, and what came since."""
        stays, leaves = self.login(self.reader), self.login(self.leaver)
        self.acknowledged = written_during(self, self.login(self.users()), backup)
        self.ask("POST", "/auth/logout", leaves)
        self.newcomer = self.users()
        self.cookies = {
            "the cookie of a login before the backup": stays,
            "a cookie that was logged out since": leaves,
            "the cookie of a login since": self.login(self.leaver),
            "the cookie of somebody who is not in the backup": self.login(self.newcomer),
        }
        self.earlier = [self.pictures(self.newcomer) for _ in range(SINCE)]
        self.ask("POST", "/api/blogs", stays, json={"title": "Since", "content": "the backup"})
        self.ask("GET", "/api/blogs", stays)
        age_files(self.folder / "store")
        self.files = self.stored_files()

    def after(self) -> None:
        """What is found in the restored blog: as it is, and after the check."""
        with self.database.read() as db:
            missing = len(self.acknowledged - set(db.scalars(select(Blog.id))))
        first = self.users()
        seen = [self.opens(headers) for headers in self.cookies.values()]
        cached, swept, shown = self.keys(), self.sweep(), self.address(first)
        status, told = self.command("restore-check")
        next_user = self.users()
        for (name, headers), before in zip(self.cookies.items(), seen, strict=True):
            self.rows.append((name, before, self.opens(headers), "nobody's"))
        unknown = f"{SINCE} files that the store has, and the database does not know" in told
        self.rows += [
            ("acknowledged writes that the backup lacks", f"{missing} of {len(self.acknowledged)}", str(missing), "0"),
            ("the id of the next new user", self.taken(first), self.taken(next_user), "new"),
            ("keys in Redis", cached, self.keys(), "0"),
            ("a list that was cached since", self.listed(), self.listed(), "as restored"),
            ("the address of the next image", shown, self.address(next_user), "new"),
            ("the sweep of what is unknown", swept, self.sweep(), "refused"),
            ("files that are gone", "0", str(self.files + 2 - self.stored_files()), "0"),
            ("the check", "", f"ends with {status}, unknown files {'named' if unknown else 'not named'}", CHECKED),
        ]

    def login(self, user: User) -> Headers:
        """As the user's row is by now."""
        with self.database.read() as db:
            return SessionFactory(self.app)(db.get_one(User, user.id)).browser_headers

    def ask(self, method: str, path: str, headers: Headers, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, headers=headers, timeout=20, allow_redirects=False, **more)

    def opens(self, headers: Headers) -> str:
        found = self.ask("GET", "/api/current_user", headers).json()
        return "its own account" if found else "nobody's"

    def taken(self, user: User) -> str:
        return "one that was given before" if user.id <= self.newcomer.id else "new"

    def listed(self) -> str:
        found = self.ask("GET", "/api/blogs", self.login(self.reader)).json()
        return "as restored" if found == [] else f"{len(found)} blogs"

    def address(self, user: User) -> str:
        picture = self.pictures(user, body=a_picture(color="teal"))
        given = {(each.id, each.fingerprint) for each in self.earlier}
        return "one that was given before" if (picture.id, picture.fingerprint) in given else "new"

    def keys(self) -> str:
        return str(len(self.redis.client.keys("*")))

    def sweep(self) -> str:
        return "refused" if self.command("store", "sweep")[0] else "took files"

    def stored_files(self) -> int:
        return len(list(self.app.extensions["store"].list("")))

    def command(self, *words: str) -> tuple[int, str]:
        done = self.app.test_cli_runner().invoke(args=words)
        return done.exit_code, done.output


def age_files(folder: Path) -> None:
    """Two days: only what has been unknown for one is swept."""
    then = time.time() - 2 * 24 * 3600
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restore", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, not on SQLite")
    wanted = parser.parse_args()
    logging.disable(logging.INFO)
    with ExitStack() as stack:
        if wanted.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = RedisServer(folder)
        stack.callback(redis.kill)
        settings = Settings(
            _env_file=None,
            secret_key=secrets.token_hex(32),
            instance_dir=folder,
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=redis.url,
            web_concurrency=2,
            oidc_issuer="http://127.0.0.1:9",
            oidc_client_id="inkwell",
            oidc_client_secret=secrets.token_hex(16),
            **RAISED,
        )
        migrate(settings)
        walk = Walk(create_app(settings), folder, redis)
        stack.callback(walk.database.close)
        with walk.running():
            walk.before(folder / "backup")
        restore(walk, settings, folder / "backup")
        with walk.running():
            walk.after()
    report(walk)
    return 1 if any(after != wanted for _, _, after, wanted in walk.rows) else 0


def written_during(walk: Walk, headers: Headers, backup: Path) -> set[int]:
    """Write for a while, back up in the middle: the ids of the blogs that were acknowledged before the backup began."""
    acknowledged: list[tuple[int, float]] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            answer = walk.ask("POST", "/api/blogs", headers, json={"title": "T", "content": "C" * 2000})
            if answer.status_code == 201:
                acknowledged.append((answer.json()["id"], time.monotonic()))

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(SECONDS)
    began = time.monotonic()
    print(walk.command("backup", str(backup))[1], end="")
    time.sleep(SECONDS)
    over.set()
    for writer in writers:
        writer.join()
    print(
        f"{len(acknowledged)} writes acknowledged; the backup took {time.monotonic() - began - SECONDS:.2f} s at most"
    )
    return {blog_id for blog_id, at in acknowledged if at < began}


def restore(walk: Walk, settings: Settings, backup: Path) -> None:
    """As docs/backup.md says, while the blog is stopped."""
    url = make_url(settings.database_url)
    walk.database.close()
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            file.unlink(missing_ok=True)
        shutil.copy(backup, path)
    else:
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        command = ["pg_restore", "--clean", "--if-exists", "--no-owner", "--dbname", address, str(backup)]
        subprocess.run(command, check=True)
    migrate(settings)


def report(walk: Walk) -> None:
    print("| | before the check | after it |\n|---|---|---|")
    for name, before, after, wanted in walk.rows:
        print(f"| {name} | {before} | {after}{'' if after == wanted else f' (should be: {wanted})'} |")


if __name__ == "__main__":
    sys.exit(main())
