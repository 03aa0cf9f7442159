import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from app import log
from app.auth.models import User
from app.config import Settings
from app.db import Database
from app.factory import create_app
from app.storage.disk import DiskStore, WrongBody
from app.storage.s3 import S3Store
from app.storage.signed_urls import Refused
from app.storage.store import AlreadyStored, ObjectNotFound, Store, StoreError, UploadNotFound
from tests.conftest import NewApp
from tests.factories.session import SAME_ORIGIN, SessionFactory
from tests.factories.user import UserFactory
from tests.forge.seaweedfs import SeaweedFS, seaweedfs
from tests.seaweedfs import made_bucket, settings_of
from tests.unit.attachments.uploader import Uploader

__all__ = ["seaweedfs"]

NewUploader = Callable[..., Uploader]

ClientFor = Callable[..., FlaskClient]

STATUSES: dict[type[StoreError], int] = {
    WrongBody: 400,
    Refused: 403,
    ObjectNotFound: 404,
    UploadNotFound: 404,
    AlreadyStored: 412,
}


@pytest.fixture(params=[pytest.param("s3", marks=pytest.mark.programs), "disk"], scope="session")
def store(request: pytest.FixtureRequest) -> Store:
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Store)
    return found


@pytest.fixture(scope="session")
def s3_store(seaweedfs: SeaweedFS) -> S3Store:
    return made_bucket(seaweedfs, prefix="sites/blog/")


@pytest.fixture(scope="session")
def new_bucket(seaweedfs: SeaweedFS) -> Callable[[], S3Store]:
    return lambda: made_bucket(seaweedfs)


@pytest.fixture(scope="session")
def disk_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskStore]:
    with_routes: list[DiskStore] = []
    server = make_server("127.0.0.1", 0, Request.application(lambda request: handle(with_routes[0], request)), True)
    with_routes.append(DiskStore(tmp_path_factory.mktemp("store"), f"http://127.0.0.1:{server.port}", "secret"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield with_routes[0]
    server.shutdown()
    thread.join()
    server.server_close()


def handle(store: DiskStore, request: Request) -> Response:
    key, query = request.path[1:], request.args.to_dict()
    try:
        if request.method == "PUT":
            store.receive(key, query, dict(request.headers), request.stream)
            return Response()
        found = store.serve(key, query)
    except StoreError as error:
        return Response(str(error), STATUSES[type(error)])
    response = Response(wrap_file(request.environ, found.body), direct_passthrough=True, mimetype=found.content_type)
    response.content_length = found.size
    response.headers["Content-Disposition"] = found.disposition
    return response.make_conditional(request, accept_ranges=True, complete_length=found.size)


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, without a `.env`, and with an environment that holds no settings."""
    settings = {name.upper() for name in Settings.model_fields}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {name: value for name, value in os.environ.items() if name not in settings})
    mask = os.umask(0o022)
    yield tmp_path
    os.umask(mask)


@pytest.fixture(scope="session")
def client_for(app: Flask) -> ClientFor:
    """The browser of a user, or of nobody, on the blog's own pages: `client_for(user)`, `client_for(user, app=other)`.

    The headers that a test passes win.
    """

    def make(user: User | None = None, *, app: Flask = app) -> FlaskClient:
        client = app.test_client(use_cookies=False)
        headers = SessionFactory(app)(user).browser_headers if user else SAME_ORIGIN
        client.environ_base |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return client

    return make


@pytest.fixture
def empty_database(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the test's own, on the kind of server that the tests run on."""
    if settings.database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/own.db"
        return
    name = f"own_{uuid.uuid4().hex}"
    server = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def app_in_production(new_app: NewApp) -> Iterator[Flask]:
    """The blog as it logs in production, at the address of the one under test."""
    yield new_app(app_env="production")
    log.configure(production=False)


@pytest.fixture
def user(user_factory: UserFactory) -> User:
    """Somebody who has done nothing yet."""
    return user_factory()


@pytest.fixture
def caller(client_for: ClientFor, user: User) -> FlaskClient:
    """That user's browser."""
    return client_for(user)


@pytest.fixture
def key() -> str:
    return f"1/{uuid.uuid4()}"


@pytest.fixture(scope="session")
def app_on_s3(settings: Settings, seaweedfs: SeaweedFS, s3_store: S3Store) -> Iterator[Flask]:
    app = create_app(settings.model_copy(update=settings_of(seaweedfs, s3_store)))
    yield app
    app.extensions["database"].close()


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.programs)])
def blog_on_either(request: pytest.FixtureRequest) -> Flask:
    """The blog with its files on the disk, and the blog with its files in S3."""
    found = request.getfixturevalue("app" if request.param == "disk" else "app_on_s3")
    assert isinstance(found, Flask)
    return found


@pytest.fixture
def new_uploader(client_for: ClientFor, user_factory: UserFactory) -> NewUploader:
    """Somebody new who uploads: `new_uploader()`, `new_uploader(app=other)`."""

    def make(**options: Flask) -> Uploader:
        user = user_factory()
        return Uploader(client_for(user, **options), user)

    return make


@pytest.fixture
def uploader(new_uploader: NewUploader) -> Uploader:
    return new_uploader()


@pytest.fixture
def stranger(new_uploader: NewUploader) -> Uploader:
    return new_uploader()


@pytest.fixture
def holds_no_connection(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the store was asked while a connection to the database, and so perhaps its write lock, was held."""
    held: list[str] = []
    pool = cast(Any, database.engine.pool)

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: Any, **options: Any) -> Any:
            if pool.checkedout():
                held.append(name)
            return method(*args, **options)

        return ask

    for name in Store.__abstractmethods__:
        monkeypatch.setattr(DiskStore, name, watched(name, getattr(DiskStore, name)))
    return held
