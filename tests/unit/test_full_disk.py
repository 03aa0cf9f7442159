"""A blog on SQLite whose disk is full, and its only worker new: it says so, and serves what it has."""

import http.client
import json
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.factory import create_app
from app.storage.store import sha256_of
from app.web.metrics import counted_cache_events
from tests.conftest import migrate
from tests.e2e.live_server import environment
from tests.factories.attachment import AttachmentFactory
from tests.factories.picture import a_picture
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.processes import running
from tests.forge.redis_server import until
from tests.forge.server import Listener
from tests.small_disk import on_a_small_disk

pytestmark = pytest.mark.programs

PATIENCE = 60


@dataclass
class Blog:
    port: int
    disk: Path
    arbiter: int
    log: Path
    headers: dict[str, str]
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.headers.get_content_subtype() == "json" else text
        finally:
            connection.close()

    def post(self, path: str, document: Any) -> tuple[int, Any]:
        return self.ask("POST", path, json.dumps(document).encode(), **{"Content-Type": "application/json"})

    def fill(self) -> None:
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            for size in (64 * 1024, 1):
                with suppress(OSError):
                    while filler.write(bytes(size)):
                        pass

    def replace_the_worker(self) -> None:
        (worker,) = self._workers()
        os.kill(worker, signal.SIGKILL)
        until(lambda: self._workers() not in ([], [worker]), PATIENCE)

    def _workers(self) -> list[int]:
        return list(map(int, Path(f"/proc/{self.arbiter}/task/{self.arbiter}/children").read_text().split()))


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    disk, prepared = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("prepared")
    listener = Listener()
    with listener.socket:
        settings = Settings(
            _env_file=None,
            secret_key=secrets.token_hex(32),
            instance_dir=prepared,
            database_url="",
            base_url=listener.url,
            web_concurrency=1,
        )
        migrate(settings)
        app = create_app(settings)
        database = app.extensions["database"]
        user = UserFactory.on(database)()
        picture = AttachmentFactory.with_files(database, app.extensions["images"])(user)
        database.close()
        moved = settings.model_copy(update={"instance_dir": disk, "database_url": f"sqlite:///{disk}/inkwell.db"})
        headers = SessionFactory(app)(user).browser_headers
        log = prepared / "log"
        gunicorn = [sys.executable, "-m", "gunicorn", "wsgi:app", f"--bind=fd://{listener.fd}"]
        with (
            log.open("wb") as output,
            running(
                on_a_small_disk(prepared, disk, gunicorn),
                env={**os.environ, **environment(moved)},
                stdout=output,
                stderr=output,
                pass_fds=[listener.fd],
            ) as process,
        ):
            blog = Blog(listener.port, Path(f"/proc/{process.pid}/root{disk}"), process.pid, log, headers)
            began(blog, picture.id)
            yield blog


def began(blog: Blog, picture: int) -> None:
    body = a_picture()
    told = {"filename": "new.png", "content_type": "image/png", "size": len(body), "sha256": sha256_of(body)}
    status, upload = blog.post("/api/attachments", told)
    assert status == 201, upload
    blog.ask("GET", "/api/blogs")
    blog.fill()
    blog.replace_the_worker()
    blog.answers = {
        "list": blog.ask("GET", "/api/blogs"),
        "again": blog.ask("GET", "/api/blogs"),
        "image": blog.ask("GET", f"/attachments/{picture}"),
        "upload": blog.ask(upload["method"], upload["url"], body, **upload["headers"]),
        "post": blog.post("/api/blogs", {"title": "Full", "content": "words " * 5000}),
        "ready": blog.ask("GET", "/readyz"),
    }
    (blog.disk / "filler").unlink()
    blog.answers |= {
        "post with room": blog.post("/api/blogs", {"title": "Not full", "content": "words " * 5000}),
        "ready with room": blog.ask("GET", "/readyz"),
    }


class TestAWorkerThatBeginsOnAFullDisk:
    """SQLite, its files and the counters of all workers are on it."""

    def test_reads_blogs_from_the_database(self, blog: Blog) -> None:
        assert blog.answers["list"] == (200, [])

    def test_reads_blogs_from_the_cache(self, blog: Blog) -> None:
        assert blog.answers["again"] == (200, [])

    def test_shows_an_image(self, blog: Blog) -> None:
        assert blog.answers["image"] == (200, a_picture())

    def test_refuses_a_new_blog_for_now(self, blog: Blog) -> None:
        assert blog.answers["post"][0] == 503

    def test_refuses_a_file_for_now(self, blog: Blog) -> None:
        assert blog.answers["upload"][0] == 503

    def test_counts_on_in_the_room_that_the_one_before_it_had(self, blog: Blog) -> None:
        assert counted_cache_events(blog.disk / "metrics")["miss"] == 2

    def test_is_not_ready(self, blog: Blog) -> None:
        status, states = blog.answers["ready"]
        assert (status, states["status"], states["disk"]) == (503, "down", "full")

    def test_takes_a_new_blog_once_there_is_room(self, blog: Blog) -> None:
        assert blog.answers["post with room"][0] == 201

    def test_is_ready_once_there_is_room(self, blog: Blog) -> None:
        status, states = blog.answers["ready with room"]
        assert (status, states["disk"]) == (200, "ok")
