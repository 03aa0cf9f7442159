"""What is said of a request that does not end."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.web import slow
from app.web.slow import slow_requests
from tests.forge.redis_server import until

PATIENCE = 20


class Lines(list[dict[str, Any]]):
    def warning(self, event: str, **said: Any) -> None:
        self.append({"event": event, **said})


@pytest.fixture
def lines(app_in_production: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What is logged while somebody's request waits for something."""
    asked, go, written = threading.Event(), threading.Event(), Lines()

    def wait_for_go() -> None:
        asked.set()
        assert go.wait(PATIENCE)

    monkeypatch.setattr(slow, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow, "logger", written)
    monkeypatch.setitem(app_in_production.view_functions, "blogs.landing", slow_view(wait_for_go))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(app_in_production.test_client().get, "/?code=secret", headers={"X-Request-ID": "abc-123"})
        assert asked.wait(PATIENCE)
        yield written
        go.set()
        assert answer.result(PATIENCE).status_code == 200


def slow_view(wait: Callable[[], object]) -> Callable[[], str]:
    def view() -> str:
        wait()
        return "done"

    view.is_public = True  # type: ignore[attr-defined]
    return view


class TestARequestThatIsSlow:
    def test_is_told_while_it_runs(self, lines: Lines) -> None:
        until(lambda: bool(lines), PATIENCE)

    def test_is_told_once(self, lines: Lines) -> None:
        until(lambda: bool(lines), PATIENCE)
        slow_requests.look()
        assert len(lines) == 1

    def test_is_named(self, lines: Lines) -> None:
        until(lambda: bool(lines), PATIENCE)
        told = [lines[0][name] for name in ("event", "method", "path", "route", "client_request_id")]
        assert told == ["request is slow", "GET", "/", "blogs.landing", "abc-123"]

    def test_is_told_with_where_it_is(self, lines: Lines) -> None:
        until(lambda: bool(lines), PATIENCE)
        assert "threading.py:" in lines[0]["at"]
        assert "web/middleware.py:" in lines[0]["at"]

    def test_is_told_without_its_query(self, lines: Lines) -> None:
        until(lambda: bool(lines), PATIENCE)
        assert "secret" not in str(lines)


class TestRequestsThatHaveEnded:
    def test_are_forgotten(self, app: Flask) -> None:
        app.test_client().get("/")
        app.test_client().get("/nothing")
        assert threading.get_ident() not in slow_requests.running
