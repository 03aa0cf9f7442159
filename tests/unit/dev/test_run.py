import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import run
from dev.steps import SetupError


class TestAPort:
    @pytest.mark.parametrize("text", ["0", "65536", "-1", "8 0", "http", "", "8e3", "\N{SUPERSCRIPT TWO}"])
    def test_out_of_range_is_one_clear_line(self, text: str) -> None:
        with pytest.raises(SetupError, match=r"^bin/run: .*\Z"):
            run.parsed(["--port", text], "8000")

    def test_comes_from_the_environment_when_not_given(self) -> None:
        assert run.parsed([], "8123").port == 8123


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


class TestTheEnvironmentFile:
    @pytest.fixture(autouse=True)
    def written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run, "ROOT", tmp_path)
        text = "# a comment\nPORT=\"8123\" # here\nexport oidc_client_id = abc\nEMPTY=\nREDIS_URL='redis://h/#0'\n"
        (tmp_path / ".env").write_text(text)

    @pytest.mark.parametrize(
        ("name", "value"), [("PORT", "8123"), ("OIDC_CLIENT_ID", "abc"), ("EMPTY", ""), ("REDIS_URL", "redis://h/#0")]
    )
    def test_is_read_as_the_blog_reads_it(self, name: str, value: str) -> None:
        assert run.dotenv()[name] == value


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
        assert run.is_current(database) is expected

    @pytest.mark.parametrize("content", [None, b"", b"no database"])
    def test_is_not_current_when_there_is_none(self, database: Path, content: bytes | None) -> None:
        if content is not None:
            database.write_bytes(content)
        assert run.is_current(database) is False


class TestTheProvidersPort:
    def test_is_the_same_next_time(self, tmp_path: Path) -> None:
        with run.provider_socket(tmp_path) as first:
            port = first.getsockname()[1]
        with run.provider_socket(tmp_path) as second:
            assert second.getsockname()[1] == port

    def test_is_another_while_it_is_taken(self, tmp_path: Path) -> None:
        with run.provider_socket(tmp_path) as first, run.provider_socket(tmp_path) as second:
            assert first.getsockname() != second.getsockname()
