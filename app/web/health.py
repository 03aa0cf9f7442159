"""For load balancers: does the process live, and can it do its work."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from sqlalchemy import Engine, NullPool, inspect, text

from app.config import Settings
from app.current import extension, settings
from app.db import make_engine
from app.migrations.revisions import VERSIONS, revisions
from app.web.checks import Check, states_of
from app.web.marks import public

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

blueprint = Blueprint("health", __name__)

PATHS = ("/healthz", "/readyz")
AT_ANY_HOST = (*PATHS, "/metrics")
PROBE_BYTES = 64 * 1024
WELL = ("ok", "newer", "none")
# Of the code that runs, which need not be what is on the disk by now.
KNOWN, LATEST = revisions(VERSIONS)


def init_app(app: Flask, settings: Settings) -> None:
    """Others add to `app.extensions["checks"]` what the blog can do without."""
    app.register_blueprint(blueprint)
    app.extensions["checks"] = _checks(settings)
    serve, host = app.wsgi_app, urlsplit(settings.base_url).netloc

    def serve_health_at_any_host(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # A load balancer, or a scraper, knows the machine by its address, not by the blog's name.
        if environ.get("PATH_INFO") in AT_ANY_HOST:
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
    states = states_of(extension("checks", list))
    works = states["database"] == "ok" and states["schema"] != "old"
    # SQLite's is on that disk.
    if settings().database_url.startswith("sqlite"):
        works = works and states["disk"] == "ok"
    if not works:
        return {"status": "down", **states}, 503
    is_whole = all(state in WELL for state in states.values())
    return {"status": "ok" if is_whole else "degraded", **states}, 200


def _checks(settings: Settings) -> list[Check]:
    # Each time a new connection: the old ones say nothing of whether another could be had.
    engine = make_engine(settings.database_url, poolclass=NullPool)
    return [
        Check(lambda: _database_and_schema(engine), {"database": "down", "schema": "unknown"}),
        Check(lambda: {"disk": _disk(settings.instance_dir)}, {"disk": "down"}),
    ]


def _database_and_schema(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        migrated = inspect(connection).has_table("alembic_version")
        applied = set(connection.scalars(text("SELECT version_num FROM alembic_version"))) if migrated else set()
    if applied - KNOWN:
        return {"database": "ok", "schema": "newer"}
    return {"database": "ok", "schema": "ok" if applied == LATEST else "old"}


def _disk(folder: Path) -> str:
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "down"
    return "ok"
