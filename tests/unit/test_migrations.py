"""The migrations lead to what the models say, and lose nothing on the way."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Column, DateTime, Engine, MetaData, String, Table, Text, text

from app.auth.models import User
from app.config import Settings
from app.db import Database, make_engine
from tests.conftest import ROOT, NewApp
from tests.factories.session import SessionFactory

Rows = dict[str, list[dict[str, Any]]]

ROWS = (1, 2)


class TestAnEmptyDatabase:
    @pytest.fixture(autouse=True)
    def migrated(self, tmp_path: Path) -> None:
        settings = Settings(_env_file=None, secret_key=secrets.token_hex(32), instance_dir=tmp_path, database_url="")
        self.config = Config(toml_file=ROOT / "pyproject.toml")
        self.config.attributes["settings"] = settings
        command.upgrade(self.config, "head")

    def test_has_no_difference_to_the_models(self) -> None:
        command.check(self.config)

    def test_can_go_all_the_way_back_and_forth(self) -> None:
        command.downgrade(self.config, "base")
        command.upgrade(self.config, "head")
        command.check(self.config)


def config_of(settings: Settings) -> Config:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["settings"] = settings
    return config


def filled(column: Column[Any], number: int) -> Any:
    """A value for that column of the row with that number; one that refers to a row refers to the one with its own."""
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, DateTime):
        return datetime(2026, 1, number, tzinfo=UTC)
    if isinstance(column.type, String | Text):
        return f"{column.name} {number}"[-(column.type.length or 100) :]
    return number


def fill(engine: Engine, tables: list[Table]) -> None:
    """Two rows for each table that has none."""
    with engine.begin() as connection:
        for table in tables:
            if not connection.scalar(table.select()):
                rows = [{column.name: filled(column, number) for column in table.columns} for number in ROWS]
                connection.execute(table.insert(), rows)


def tables_of(engine: Engine) -> list[Table]:
    """Those of the blog, each after those that it refers to."""
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def rows_of(engine: Engine, tables: list[Table]) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in tables
        }


@pytest.mark.both_databases
class TestAnOldDatabaseWithData:
    @pytest.fixture(autouse=True)
    def walked(self, settings: Settings, empty_database: str) -> Iterator[None]:
        """Through every revision: new tables get their rows as soon as they are there, and all are read again."""
        self.config = config_of(settings.model_copy(update={"database_url": empty_database}))
        self.lost: list[str] = []
        self.engine, kept = make_engine(empty_database), Rows()
        for revision in reversed([*ScriptDirectory.from_config(self.config).walk_revisions()]):
            command.upgrade(self.config, revision.revision)
            tables = tables_of(self.engine)
            found = rows_of(self.engine, tables)
            self.lost += [
                f"{revision.revision}: {name}" for name in kept if not self.holds(found.get(name), kept[name])
            ]
            fill(self.engine, tables)
            kept = rows_of(self.engine, tables)
        yield
        self.engine.dispose()

    def holds(self, found: list[dict[str, Any]] | None, rows: list[dict[str, Any]]) -> bool:
        """Whether every row is still there, with every value that it had."""
        return found is not None and all(row.items() <= new.items() for row, new in zip(rows, found, strict=True))

    def test_loses_nothing_on_the_way(self) -> None:
        assert self.lost == []

    def test_has_no_difference_to_the_models(self) -> None:
        command.check(self.config)

    def test_gives_no_id_out_again(self) -> None:
        with self.engine.begin() as connection:
            [users] = [table for table in tables_of(self.engine) if table.name == "users"]
            if connection.dialect.name == "postgresql":
                # What the rows of this test did not ask it for.
                connection.execute(text("SELECT setval('users_id_seq', 2)"))
            connection.execute(users.delete())
            row = {column.name: filled(column, 3) for column in users.columns if column.name != "id"}
            made = connection.execute(users.insert().returning(users.c.id), row).scalar()
        assert made == len(ROWS) + 1

    def test_is_the_blog_of_those_who_wrote_it(self, new_app: NewApp, empty_database: str) -> None:
        blog = new_app(database_url=empty_database)
        database: Database = blog.extensions["database"]
        with database.read() as db:
            cookie = SessionFactory(blog)(db.get_one(User, 1))
        answer = blog.test_client(use_cookies=False).get("/api/blogs/1", headers=cookie.header)
        assert (answer.status_code, answer.get_json()["content"]) == (200, "content 1")
