"""Alembic's entry: applies or writes migrations against the database of the settings."""

import sys
from typing import Any, Literal

from alembic import context
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.attachments import models as attachment_models  # noqa: F401  a table is known once its module is imported
from app.auth import models as auth_models  # noqa: F401
from app.blogs import drafts as draft_models  # noqa: F401
from app.blogs import models as blog_models  # noqa: F401
from app.blogs import versions as version_models  # noqa: F401
from app.config import Settings, SettingsError, load_settings
from app.db import WRITING, Base, UtcDateTime, make_engine
from app.sharing import models as sharing_models  # noqa: F401


def render_item(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    # A migration must not change when the class does: it names the column's type as the database knows it.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def include_object(_item: Any, name: str | None, _kind: str, reflected: bool, _compared: Any) -> bool:
    # What the search keeps is the database's own, and no model's.
    return not (reflected and str(name).startswith(("blogs_search", "ix_blogs_search")))


def migrate(settings: Settings) -> None:
    settings.instance_dir.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.database_url, waits_long=True)
    with engine.connect().execution_options(**{WRITING: True}) as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            render_item=render_item,
            include_object=include_object,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                # Two deployments at once take turns; on SQLite they did when they began.
                connection.execute(text("SELECT pg_advisory_xact_lock(7261)"))
            context.run_migrations()
    engine.dispose()


try:
    migrate(context.config.attributes.get("settings") or load_settings())
except SettingsError as error:
    sys.exit(str(error))
except OperationalError as error:
    sys.exit(f"The database of DATABASE_URL cannot be used: {str(error.orig).splitlines()[0]}")
