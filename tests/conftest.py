"""The blog under test, and the people and blogs that tests make for themselves. No browser here."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings, load_settings
from app.db import Database
from app.factory import create_app
from app.images.server import ImageServer
from tests.described import DescribedClient
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer, skip_without_redis
from tests.limits import RAISED

ROOT = Path(__file__).parent.parent
NewApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def deployed_at(pytestconfig: pytest.Config) -> str | None:
    """The site under test when it is not ours to start: `--base-url`, its secret and database in the environment."""
    return pytestconfig.getoption("--base-url") or None


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, deployed_at: str | None) -> Settings:
    if deployed_at:
        os.environ["BASE_URL"] = deployed_at
        return load_settings()
    settings = Settings(
        _env_file=None,
        secret_key=secrets.token_hex(32),
        instance_dir=tmp_path_factory.mktemp("instance"),
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url="",
        base_url="http://localhost",
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="inkwell-tests",
        oidc_client_secret=secrets.token_hex(16),
        **RAISED,
    )
    migrate(settings)
    return settings


def migrate(settings: Settings) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["settings"] = settings
    command.upgrade(config, "head")


@pytest.fixture(scope="session")
def app(settings: Settings) -> Flask:
    app = create_app(settings)
    app.test_client_class = DescribedClient
    return app


@pytest.fixture
def new_app(settings: Settings) -> Iterator[NewApp]:
    """Other blogs than the one under test: `new_app(site_name="Quill")`, gone with the test."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(create_app(settings.model_copy(update=changes)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["cache"].close()
        app.extensions["database"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A caller that sends the cookies that a test gives it, and no others."""
    return app.test_client(use_cookies=False)


@pytest.fixture(scope="session")
def database(app: Flask) -> Iterator[Database]:
    database: Database = app.extensions["database"]
    yield database
    database.close()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for one test to freeze, kill and fill up."""
    skip_without_redis()
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def user_factory(database: Database) -> UserFactory:
    return UserFactory.on(database)


@pytest.fixture(scope="session")
def session_factory(app: Flask) -> SessionFactory:
    return SessionFactory(app)


@pytest.fixture(scope="session")
def images(app: Flask) -> ImageServer:
    images: ImageServer = app.extensions["images"]
    return images


@pytest.fixture(scope="session")
def attachment_factory(database: Database, images: ImageServer) -> AttachmentFactory:
    return AttachmentFactory.with_files(database, images)


@pytest.fixture(scope="session")
def blog_factory(database: Database) -> BlogFactory:
    return BlogFactory.on(database)


@pytest.fixture(scope="session")
def share_factory(database: Database) -> ShareFactory:
    return ShareFactory.on(database)
