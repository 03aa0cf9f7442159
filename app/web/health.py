"""For load balancers: does the process live, and can it do its work."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.current import database
from app.web.public import public

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

blueprint = Blueprint("health", __name__)

PATHS = ("/healthz", "/readyz")


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
    """Each dependency and its state; 503 when the blog cannot work without one that is down."""
    state = _database_state()
    return {"status": state, "database": state}, 200 if state == "ok" else 503


def _database_state() -> str:
    try:
        with database().read() as session:
            session.execute(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return "down"
    return "ok"
