"""For load balancers: does the process live, and can it do its work."""

from flask import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.current import database
from app.web.public import public

blueprint = Blueprint("health", __name__)


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
