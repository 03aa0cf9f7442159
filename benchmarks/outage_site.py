"""The blog as it is shipped, with all that it can need, each behind a line that can fail."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from sqlalchemy import make_url
from werkzeug.serving import make_server

from app.auth.models import User
from app.config import Settings
from app.factory import create_app
from app.storage.store import sha256_of
from dev.postgres import postgres
from dev.provider import create_provider
from tests.conftest import migrate
from tests.e2e.live_server import WORKERS, serve
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.fault_proxy import FaultProxy, fault_proxy
from tests.forge.redis_server import RedisServer
from tests.forge.seaweedfs import running_seaweedfs
from tests.forge.server import Listener, started
from tests.limits import RAISED
from tests.seaweedfs import made_bucket, settings_of

PARTS = ("database", "cache", "store", "provider")


@dataclass
class OutageSite:
    url: str
    lines: dict[str, FaultProxy]
    app: Any
    user: User
    seen_image: str = ""

    def __post_init__(self) -> None:
        self.owner = SessionFactory(self.app)(self.user).browser_headers
        self._database, self._images = self.app.extensions["database"], self.app.extensions["images"]
        (self.seen_image,) = self.images(1)

    def person(self) -> dict[str, str]:
        """Somebody new: the headers of their requests."""
        return SessionFactory(self.app)(UserFactory.on(self._database)()).browser_headers

    def images(self, count: int) -> list[str]:
        """The addresses of so many images that nobody has seen yet."""
        attachments = AttachmentFactory.with_files(self._database, self._images)
        blogs = BlogFactory.on(self._database)
        return [f"/attachments/{attachments(self.user, blogs(self.user)).id}" for _ in range(count)]

    def begin_upload(self, session: requests.Session, headers: dict[str, str]) -> requests.Response:
        """A file that is declared, the same each time: the blog signs where it may go, and asks no store for that."""
        told = {"filename": "new.png", "content_type": "image/png", "size": 100, "sha256": sha256_of(b"")}
        headers = {**headers, "Idempotency-Key": "the-same"}
        return session.post(f"{self.url}/api/attachments", json=told, headers=headers, timeout=60)

    def login(self, session: requests.Session) -> requests.Response:
        """A login whose code the provider does not know: it is asked, and it is no error of the blog's."""
        session.cookies.clear()
        begun = session.get(f"{self.url}/auth/google", timeout=60, allow_redirects=False)
        if begun.status_code != 302:
            return begun
        (state,) = parse_qs(urlsplit(begun.headers["Location"]).query)["state"]
        answer = {"state": state, "code": "unknown"}
        return session.get(f"{self.url}/auth/google/callback", params=answer, timeout=60, allow_redirects=False)


@contextmanager
def outage_site(folder: Path) -> Iterator[OutageSite]:
    with ExitStack() as stack:

        def line_to(url: str) -> FaultProxy:
            server = urlsplit(url)
            return stack.enter_context(fault_proxy(server.hostname or "", server.port or 0))

        database_url = stack.enter_context(postgres())
        redis = RedisServer(folder)
        stack.callback(redis.kill)
        seaweedfs = stack.enter_context(running_seaweedfs())
        listener, provider = Listener("127.0.0.1"), Listener("127.0.0.1")
        urls = (database_url, redis.url, seaweedfs.endpoint_url, provider.url)
        lines = dict(zip(PARTS, map(line_to, urls), strict=True))
        settings = Settings(
            _env_file=None,
            secret_key=secrets.token_hex(32),
            instance_dir=folder,
            database_url=_through(lines["database"], database_url),
            redis_url=f"redis://127.0.0.1:{lines['cache'].port}/0",
            base_url=listener.url,
            web_concurrency=WORKERS,
            oidc_issuer=f"http://127.0.0.1:{lines['provider'].port}",
            oidc_client_id="inkwell",
            oidc_client_secret=secrets.token_hex(16),
            **RAISED,
        )
        migrate(settings)
        bucket = settings_of(seaweedfs, made_bucket(seaweedfs))
        bucket["s3_endpoint_url"] = f"http://127.0.0.1:{lines['store'].port}"
        settings = settings.model_copy(update=bucket)
        _serve_provider(stack, provider, settings)
        app = create_app(settings)
        user = UserFactory.on(app.extensions["database"])()
        stack.callback(app.extensions["database"].close)
        stack.enter_context(started(serve(settings)(listener), listener, folder / "blog.log"))
        yield OutageSite(listener.url, lines, app, user)
        for line in lines.values():
            line.fault = "pass"


def _through(line: FaultProxy, database_url: str) -> str:
    return make_url(database_url).set(port=line.port).render_as_string(hide_password=False)


def _serve_provider(stack: ExitStack, listener: Listener, settings: Settings) -> None:
    callback = f"{settings.base_url}/auth/google/callback"
    app = create_provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, callback)
    server = make_server("127.0.0.1", listener.port, app, threaded=True, fd=listener.fd)
    Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
