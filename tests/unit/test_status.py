"""What `bin/status` shows of servers that run, and of none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.status import measure, servers, status, table
from tests.forge.redis_server import until
from tests.unit.gunicorn_server import PATIENCE, Server, filled, is_running, ready, started

WORKER = {
    "pid": 4194304,
    "state": "stopping",
    "begun": 0.0,
    "threads": 128,
    "busy": 128.0,
    "requests": 123_456_789.0,
    "median": 59.94,
    "p95": 0.1234,
    "hits": 100.0,
    "misses": 0.0,
    "memory": 98_765_000_000,
    "cpu": 11.99,
}
SERVER = {
    "pid": 4194303,
    "begun": 0.0,
    "at": 0.0,
    "listens": ["http://[0000:0000:0000:0000:0000:0000:0000:0000]:65535"] * 2,
    "wanted": 256,
    "reloads": 1_000_000,
    "workers": [WORKER] * 2,
    "ends": {"hung: it was not heard for 10 s": 1_000_000},
    "recent": [{"pid": 4194302, "at": 0.0, "why": "hung: it was not heard for 10 s"}] * 8,
    "memory": None,
    "cpu": None,
}


class TestTheTable:
    def test_fits_a_terminal_of_80_columns(self) -> None:
        assert max(map(len, table(SERVER))) <= 80

    def test_says_how_long_the_arbiter_was_silent(self) -> None:
        assert "The arbiter has said nothing for" in "\n".join(table(SERVER))

    def test_says_what_is_not_known(self) -> None:
        arbiter = list(table(SERVER))[4]
        assert arbiter.split()[-2:] == ["-", "-"]


class TestAShareOfAProcessor:
    @pytest.mark.parametrize(
        ("before", "share"),
        [
            ([{"pid": 1, "workers": [], "looked": 10.0, "cpu_seconds": 1.0}], 0.5),
            ([{"pid": 1, "workers": [], "looked": 10.0, "cpu_seconds": None}], None),
            ([], None),
        ],
    )
    def test_is_known_where_it_was_looked_twice(self, before: list[Any], share: float | None) -> None:
        now: list[Any] = [{"pid": 1, "workers": [], "looked": 12.0, "cpu_seconds": 2.0}]
        measure(before, now)
        assert now[0]["cpu"] == share


@pytest.mark.programs
class TestAServerThatRuns:
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with ready(filled(tmp_path_factory.mktemp("shown"))) as server:
            until(lambda: sum(worker["requests"] for worker in server.told["workers"]) > 1, PATIENCE)
            yield server

    @pytest.fixture(autouse=True)
    def asked(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INSTANCE_DIR", str(server.folder / "instance"))

    def test_is_shown_with_its_workers(self, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        assert status() == 0
        shown = capsys.readouterr().out
        assert "2 of 2 workers ready" in shown
        assert {str(pid) for pid in (server.process.pid, *server.both_workers())} <= set(shown.split())

    def test_is_told_as_json(self, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        assert status(as_json=True) == 0
        [told] = json.loads(capsys.readouterr().out)
        assert {worker["pid"] for worker in told["workers"]} == server.both_workers()

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="a system without /proc")
    def test_says_what_each_process_takes(self, server: Server) -> None:
        told = server.told
        assert all(each["memory"] > 1e6 and each["cpu_seconds"] > 0 for each in (told, *told["workers"]))

    def test_says_how_many_reads_were_hits(self, server: Server) -> None:
        hits, misses = (sum(worker[name] for worker in server.told["workers"]) for name in ("hits", "misses"))
        assert hits == 3 * misses > 0

    def test_says_how_long_answers_took(self, server: Server) -> None:
        assert any(0 < worker["median"] <= worker["p95"] for worker in server.told["workers"])


@pytest.mark.programs
class TestAServerThatWasKilled:
    def test_is_not_shown(self, tmp_path: Path) -> None:
        with started(filled(tmp_path)) as server:
            workers = server.both_workers()
            server.process.kill()
            server.process.wait()
            until(lambda: not any(map(is_running, workers)), PATIENCE)
            assert list(tmp_path.glob("instance/metrics/*/status.json"))
            assert servers(tmp_path / "instance/metrics") == []


class TestWhereNoServerRuns:
    def test_is_said_in_a_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
        assert status() == 1
        assert capsys.readouterr().out == f"No server runs with the files in {tmp_path}.\n"

    def test_makes_nothing_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "never"))
        status()
        assert list(tmp_path.iterdir()) == []
