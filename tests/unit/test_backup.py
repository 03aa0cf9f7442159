"""`flask backup`."""

import stat
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from app.auth.models import User
from app.config import Settings
from tests.conftest import NewApp
from tests.factories.blog import BlogFactory

pytestmark = pytest.mark.both_databases

Titles = Callable[[Path], list[str]]


def backed_up(app: Flask, file: Path) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["backup", str(file)])
    return result.exit_code, result.output


@pytest.fixture
def titles(settings: Settings) -> Titles:
    """The titles of the blogs in a backup, which is restored beside the database."""

    def of(url: str) -> list[str]:
        engine = create_engine(url)
        with engine.connect() as connection:
            found = list(connection.scalars(text("SELECT title FROM blogs")))
        engine.dispose()
        return found

    def restored(file: Path) -> list[str]:
        if settings.database_url.startswith("sqlite"):
            return of(f"sqlite:///{file}")
        name, server = (
            f"restored_{uuid.uuid4().hex}",
            create_engine(settings.database_url, isolation_level="AUTOCOMMIT"),
        )
        url = make_url(settings.database_url).set(database=name)
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            address = url.set(drivername="postgresql").render_as_string(hide_password=False)
            subprocess.run(["pg_restore", "--no-owner", "--dbname", address, str(file)], check=True)
            found = of(url.render_as_string(hide_password=False))
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
        return found

    return restored


class TestABackup:
    @pytest.fixture(autouse=True)
    def made(self, app: Flask, user: User, blog_factory: BlogFactory, tmp_path: Path) -> None:
        self.title = blog_factory(user, title=f"Saved just now {uuid.uuid4()}").title
        self.file = tmp_path / "backup"
        self.status, self.told = backed_up(app, self.file)

    def test_has_what_was_saved_last(self, titles: Titles) -> None:
        assert (self.status, self.title in titles(self.file)) == (0, True), self.told

    def test_is_for_its_own_user_alone(self) -> None:
        assert stat.S_IMODE(self.file.stat().st_mode) == 0o600

    def test_leaves_nothing_else_there(self, tmp_path: Path) -> None:
        assert [each.name for each in tmp_path.iterdir()] == ["backup"]

    def test_is_never_overwritten(self, app: Flask) -> None:
        before = self.file.read_bytes()
        assert (backed_up(app, self.file)[0], self.file.read_bytes() == before) == (1, True)


class TestABackupThatFails:
    def test_leaves_nothing_there(self, app: Flask, tmp_path: Path) -> None:
        status, told = backed_up(app, tmp_path / "no" / "folder" / "backup")
        assert (status, told.startswith("Error: "), list(tmp_path.iterdir())) == (1, True, [])

    def test_makes_no_database(self, new_app: NewApp, tmp_path: Path) -> None:
        blog = new_app(database_url=f"sqlite:///{tmp_path}/none.db")
        assert (backed_up(blog, tmp_path / "backup")[0], list(tmp_path.iterdir())) == (1, [])

    def test_says_what_the_database_said(self, new_app: NewApp, tmp_path: Path) -> None:
        blog = new_app(database_url="postgresql+psycopg://ada:swordfish@127.0.0.1:9/blog")
        status, told = backed_up(blog, tmp_path / "backup")
        assert (status, "The backup failed: " in told, "swordfish" in told) == (1, True, False)
