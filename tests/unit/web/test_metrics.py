"""The counters, and how they are added up."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.values import MultiProcessValue

from app.web.metrics import counted_cache_events
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor


def counted(client: FlaskClient, name: str) -> float:
    found = re.search(
        rf'^inkwell_cache_events_total\{{event="{name}"\}} (.+)$', client.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else 0


@pytest.mark.parametrize(("event", "counts"), [("miss", 1), ("hit_memory", 2), ("database_reads", 1), ("hit_redis", 0)])
class TestThreeVisits:
    @pytest.fixture(autouse=True)
    def visited(self, event: str, client: FlaskClient, client_for: ClientFor, user_factory: UserFactory) -> None:
        visitor = client_for(user_factory())
        before = counted(client, event)
        for _ in range(3):
            visitor.get("/api/blogs")
        self.difference = counted(client, event) - before

    def test_are_counted_by_what_became_of_them(self, counts: int) -> None:
        assert self.difference == counts


class TestTheAnswer:
    def test_is_what_prometheus_reads(self, client: FlaskClient) -> None:
        assert client.get("/metrics").content_type.startswith("text/plain; version=")


class TestTwoWorkers:
    @pytest.fixture(autouse=True)
    def both_counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each in a file of its own in the folder."""
        self.folder = tmp_path / "server"
        self.folder.mkdir()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(self.folder))
        name, labels = "inkwell_cache_events", {"event": "miss"}
        for worker, misses in ((1, 2), (2, 3)):
            value = MultiProcessValue(lambda worker=worker: worker)  # type: ignore[no-untyped-call]
            value("counter", name, f"{name}_total", list(labels), list(labels.values()), "").inc(misses)

    def test_are_added_up(self) -> None:
        assert counted_cache_events(self.folder.parent) == {"miss": 5}

    def test_are_added_up_over_http(self, client: FlaskClient) -> None:
        assert counted(client, "miss") == 5


class TestNoWorker:
    def test_has_counted_nothing(self, tmp_path: Path) -> None:
        assert counted_cache_events(tmp_path / "never") == {}
