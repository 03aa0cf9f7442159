import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from dev import run
from dev.served import loaded
from dev.steps import SetupError

pytestmark = pytest.mark.programs


class TestAPort:
    @pytest.mark.parametrize("text", ["0", "65536", "-1", "8 0", "http", "", "8e3", "\N{SUPERSCRIPT TWO}"])
    def test_out_of_range_is_one_clear_line(self, text: str) -> None:
        with pytest.raises(SetupError, match=r"^bin/run: .*\Z"):
            run.parsed(["--port", text])

    def test_comes_from_the_settings_when_not_given(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("PORT=8123")
        assert loaded(run.parsed([]).port).port == 8123

    def test_comes_from_the_command_line_first(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("PORT=8123")
        assert loaded(run.parsed(["--port", "8124"]).port).base_url == "http://localhost:8124"


class TestATakenPort:
    @pytest.fixture(params=["127.0.0.1", "::1"])
    def port(self, request: pytest.FixtureRequest) -> Iterator[int]:
        family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
        try:
            listener = socket.create_server((request.param, 0), family=family)
        except OSError:
            pytest.skip("this machine has no such address")
        with listener:
            yield listener.getsockname()[1]

    def test_is_named_with_a_way_out(self, port: int) -> None:
        with pytest.raises(SetupError, match=rf"Port {port} is taken; .*bin/run --port \d+$"):
            run.listen(port)


class TestSettingsThatDoNotHold:
    def test_are_one_clear_line(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("WEB_CONCURRENCY=many")
        with pytest.raises(SetupError, match=r"^Inkwell cannot start: WEB_CONCURRENCY must be a whole number\Z"):
            loaded()


@pytest.mark.usefixtures("empty_folder")
class TestTheAnnouncement:
    def announced(self, **settings: Any) -> str:
        return run.announcement(Settings(_env_file=None, **settings), local_issuer="http://127.0.0.1:9400")

    def test_names_what_is_embedded(self) -> None:
        embedded = ["SQLite", "a local provider with made-up people", "files on this disk", "the server's memory"]
        assert [what for what in embedded if what not in self.announced()] == []

    def test_says_that_a_redis_does_not_answer(self) -> None:
        assert "the Redis of REDIS_URL does not answer" in self.announced(redis_url="redis://127.0.0.1:9")

    def test_says_where_logins_lead(self) -> None:
        assert "logins lead to https://blog.example" in self.announced(base_url="https://blog.example")

    def test_does_not_where_they_lead_back(self) -> None:
        assert "logins" not in self.announced()


class TestADatabase:
    @pytest.fixture
    def database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        versions = tmp_path / "migrations" / "versions"
        versions.mkdir(parents=True)
        (versions / "a.py").write_text('revision = "0001"\ndown_revision = None\n')
        (versions / "b.py").write_text('revision: str = "0002"\ndown_revision: str | None = "0001"\n')
        monkeypatch.setattr(run, "APP", tmp_path)
        return tmp_path / "blog.db"

    @pytest.mark.parametrize(("version", "expected"), [("0001", False), ("0002", True), ("0003", False)])
    def test_is_current_at_the_last_migration_only(self, database: Path, version: str, expected: bool) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("CREATE TABLE alembic_version (version_num)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))
        assert run.is_current(f"sqlite:///{database}") is expected

    def test_is_left_to_its_migrations_when_it_is_postgresql(self) -> None:
        assert run.is_current("postgresql+psycopg://localhost/blog") is False

    @pytest.mark.parametrize("content", [None, b"", b"no database"])
    def test_is_not_current_when_there_is_none(self, database: Path, content: bytes | None) -> None:
        if content is not None:
            database.write_bytes(content)
        assert run.is_current(f"sqlite:///{database}") is False


class TestTheProvidersPort:
    def test_is_the_same_next_time(self, tmp_path: Path) -> None:
        with run.provider_socket(tmp_path) as first:
            port = first.getsockname()[1]
        with run.provider_socket(tmp_path) as second:
            assert second.getsockname()[1] == port

    def test_is_another_while_it_is_taken(self, tmp_path: Path) -> None:
        with run.provider_socket(tmp_path) as first, run.provider_socket(tmp_path) as second:
            assert first.getsockname() != second.getsockname()
