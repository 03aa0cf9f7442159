"""For load balancers: does the process live, and can it do its work."""

import errno
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from sqlalchemy import Engine, NullPool, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from app.current import settings
from app.db import make_engine
from app.migrations.revisions import VERSIONS, revisions
from app.web.marks import public

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

blueprint = Blueprint("health", __name__)

PATHS = ("/healthz", "/readyz")
PROBE_BYTES = 64 * 1024
# Of the code that runs, which need not be what is on the disk by now.
KNOWN, LATEST = revisions(VERSIONS)


def init_app(app: Flask, *, base_url: str) -> None:
    app.register_blueprint(blueprint)
    serve, host = app.wsgi_app, urlsplit(base_url).netloc

    def serve_health_at_any_host(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # A load balancer knows the machine by its address, not by the blog's name.
        if environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = host
        return serve(environ, start_response)

    app.wsgi_app = serve_health_at_any_host  # type: ignore[method-assign]


@blueprint.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def readyz() -> tuple[dict[str, str], int]:
    """What the blog needs, and the state of each; 503 when it cannot work as they are.

    A schema that is newer than the code is no obstacle: a deployment migrates first, and replaces the code then.
    """
    url = settings().database_url
    database, schema = _database_and_schema(url)
    disk = _disk(settings().instance_dir)
    works = database == "ok" and schema != "old" and (disk == "ok" or not url.startswith("sqlite"))
    status = "down" if not works else "ok" if disk == "ok" else "degraded"
    return {"status": status, "database": database, "schema": schema, "disk": disk}, 200 if works else 503


def _database_and_schema(url: str) -> tuple[str, str]:
    try:
        with _engine(url).connect() as connection:
            migrated = inspect(connection).has_table("alembic_version")
            applied = set(connection.scalars(text("SELECT version_num FROM alembic_version"))) if migrated else set()
    except SQLAlchemyError:
        return "down", "unknown"
    if applied - KNOWN:
        return "ok", "newer"
    return "ok", "ok" if applied == LATEST else "old"


@cache
def _engine(url: str) -> Engine:
    # Each time a new connection, whose beginning has a time limit: on one that it has already, the driver would wait
    # for ever for a database that is frozen.
    return make_engine(url, poolclass=NullPool)


def _disk(folder: Path) -> str:
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "down"
    return "ok"
