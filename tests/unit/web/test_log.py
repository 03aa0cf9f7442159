"""What the blog logs, and where it cannot."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from tests.conftest import ROOT, NewApp
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

FULL = Path("/dev/full")
LIBRARY = """
import logging.config
from app.cache.breaker import Breaker
from app.log import standard_logging

logging.config.dictConfig(standard_logging())
library = logging.getLogger("made.up")
library.warning("Retrying %s", "https://store.example/key?X-Amz-Signature=abc")
try:
    raise OSError("https://store.example/key?X-Amz-Signature=abc")
except OSError:
    library.exception("failed")
breaker = Breaker("store", failures=1)
breaker.failed(TimeoutError("https://store.example/key?X-Amz-Signature=abc"))
"""


@pytest.mark.skipif(not FULL.exists(), reason="This system has no /dev/full")
class TestALogOnAFullDisk:
    def test_costs_no_answer(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = []
        # Closing it fails too.
        with suppress(OSError), FULL.open("w") as log:
            monkeypatch.setattr("sys.stdout", log)
            answers = [client.get(path).status_code for path in ("/", "/nothing")]
        assert answers == [200, 404]


class TestALineInProduction:
    @pytest.fixture(autouse=True)
    def asked(
        self,
        app_in_production: Flask,
        client_for: ClientFor,
        user: User,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        client = client_for(user, app=app_in_production)
        self.answer = client.get("/api/blogs?limit=5", environ_base={"REMOTE_ADDR": "192.0.2.7"})
        self.user = user
        (self.line,) = map(json.loads, capfd.readouterr().out.splitlines())

    def test_tells_of_the_request(self) -> None:
        told = [self.line[name] for name in ("event", "method", "path", "route", "status", "client")]
        assert told == ["request", "GET", "/api/blogs", "blogs_api.index", 200, "192.0.2.7"]

    def test_tells_of_the_answer(self) -> None:
        assert (self.line["bytes"], self.line["cache"]) == (len(self.answer.data), "miss")

    def test_tells_who_asked_and_which_process_answered(self) -> None:
        assert (self.line.get("user"), self.line["pid"]) == (self.user.id, os.getpid())

    def test_has_the_time(self) -> None:
        assert datetime.fromisoformat(self.line["timestamp"]).tzinfo == UTC

    def test_has_the_id_of_the_answer(self) -> None:
        assert self.line["request_id"] == self.answer.headers["X-Request-ID"]


class TestARequestThatWasForwarded:
    @pytest.mark.usefixtures("app_in_production")
    def test_is_of_the_client_past_our_proxies(self, new_app: NewApp, capfd: pytest.CaptureFixture[str]) -> None:
        client = new_app(app_env="production", proxy_hops=1).test_client()
        client.get("/", headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"})
        assert json.loads(capfd.readouterr().out)["client"] == "192.0.2.7"


class TestALineThatIsNotAllUnicode:
    @pytest.mark.usefixtures("app_in_production")
    def test_is_written_all_the_same(self, capfd: pytest.CaptureFixture[str]) -> None:
        structlog.get_logger("app.other").info("odd", file=os.fsdecode(b"\xff"))
        assert json.loads(capfd.readouterr().out)["file"] == os.fsdecode(b"\xff")

    @pytest.mark.usefixtures("app_in_production")
    def test_moves_no_cursor(self, capfd: pytest.CaptureFixture[str]) -> None:
        structlog.get_logger("app.other").info("\x9b2J\u2028")
        assert capfd.readouterr().out.isascii()


class TestAfterARequest:
    def test_no_line_is_of_it(self, app_in_production: Flask, capfd: pytest.CaptureFixture[str]) -> None:
        app_in_production.test_client().get("/")
        capfd.readouterr()
        structlog.get_logger("app.other").info("later")
        assert "request_id" not in json.loads(capfd.readouterr().out)


class TestARequestWithAnIdOfTheClients:
    def test_has_one_of_ours_beside_it(self, app_in_production: Flask, capfd: pytest.CaptureFixture[str]) -> None:
        app_in_production.test_client().get("/", headers={"X-Request-ID": "abc-123"})
        line = json.loads(capfd.readouterr().out)
        assert line["client_request_id"] == "abc-123"
        assert re.fullmatch("[0-9a-f]{16}", line["request_id"])


@pytest.mark.programs
class TestALineOfALibrary:
    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls) -> list[dict[str, Any]]:
        command = [sys.executable, "-c", LIBRARY]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return list(map(json.loads, told.stdout.splitlines()))

    def test_is_json_too(self, lines: list[dict[str, Any]]) -> None:
        assert [(line["level"], line["logger"]) for line in lines[:2]] == [("warning", "made.up"), ("error", "made.up")]

    def test_has_no_query(self, lines: list[dict[str, Any]]) -> None:
        assert lines[0]["event"] == "Retrying https://store.example/key?…"

    def test_has_no_query_in_its_traceback(self, lines: list[dict[str, Any]]) -> None:
        assert lines[1]["exception"].endswith("OSError: https://store.example/key?…")

    def test_of_the_caches_says_which_part_does_not_answer_and_why(self, lines: list[dict[str, Any]]) -> None:
        told = [lines[2][name] for name in ("event", "dependency", "reason")]
        assert told == ["breaker opened", "store", "TimeoutError: https://store.example/key?…"]


class TestTheLineOfARequest:
    @pytest.fixture(autouse=True)
    def asked(
        self,
        client: FlaskClient,
        session_factory: SessionFactory,
        user_factory: UserFactory,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        self.cookie = session_factory(user_factory())
        client.get("/blogs", headers={**self.cookie.header, "X-Request-ID": "abc-123"})
        self.logged = capfd.readouterr().out

    def test_says_which_request_it_is_of(self) -> None:
        assert "abc-123" in self.logged

    def test_holds_no_cookie(self) -> None:
        assert self.cookie.value not in self.logged
