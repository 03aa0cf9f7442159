"""The blog as it is shipped, on this machine for a while: two workers, a Redis to be ill-treated, and people."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.auth.models import User
from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.conftest import migrate
from tests.e2e.live_server import WORKERS, serve
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.forge.server import Listener, started
from tests.limits import RAISED


@dataclass
class Site:
    host: str
    port: int
    redis: RedisServer
    log: Path
    app: Any
    users: list[User] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def database(self) -> Database:
        database: Database = self.app.extensions["database"]
        return database

    def person(self, blogs: int = 0) -> dict[str, str]:
        """Somebody new with so many blogs: the headers of their requests."""
        user = UserFactory.on(self.database)()
        self.users.append(user)
        for number in range(blogs):
            BlogFactory.on(self.database)(user, title=f"Blog {number}", content="Some words. " * 40)
        return SessionFactory(self.app)(user).browser_headers


@contextmanager
def site(
    folder: Path, application: str = "wsgi:app", *options: str, limits: Mapping[str, Any] = RAISED, **changes: str
) -> Iterator[Site]:
    """`options` are gunicorn's, `limits` the blog's settings of that kind, `changes` are to the others."""
    redis = RedisServer(folder)
    try:
        listener = Listener("127.0.0.1")
        settings = _settings(folder, listener.url, redis.url, limits).model_copy(update=changes)
        migrate(settings)
        site = Site(listener.host, listener.port, redis, folder / "blog.log", create_app(settings))
        with started(serve(settings, application, *options)(listener), listener, site.log):
            yield site
        site.database.close()
    finally:
        redis.kill()


def _settings(folder: Path, url: str, redis_url: str, limits: Mapping[str, Any]) -> Settings:
    return Settings(
        _env_file=None,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url=redis_url,
        base_url=url,
        web_concurrency=WORKERS,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="inkwell",
        oidc_client_secret=secrets.token_hex(16),
        **limits,
    )
