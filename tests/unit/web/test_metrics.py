"""The counters, and how they are added up."""

import re
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.values import MultiProcessValue

from app.auth.models import User
from app.images.server import ImageServer
from app.web import metrics
from app.web.metrics import counted_cache_events
from tests.conftest import NewApp
from tests.factories.attachment import AttachmentFactory
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


class TestAStranger:
    @pytest.mark.parametrize(
        ("environ", "headers"),
        [
            pytest.param({"REMOTE_ADDR": "203.0.113.9"}, {}, id="from elsewhere"),
            pytest.param({}, {"X-Forwarded-For": "203.0.113.9"}, id="through a proxy on this machine"),
            pytest.param({}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, id="who claims to be this machine"),
            pytest.param({}, {"X-Forwarded-For": "unknown"}, id="without an address"),
            pytest.param({"REMOTE_ADDR": ""}, {}, id="on a socket file"),
        ],
    )
    def test_finds_nothing_there(self, client: FlaskClient, environ: dict[str, str], headers: dict[str, str]) -> None:
        assert client.get("/metrics", environ_base=environ, headers=headers).status_code == 404


class TestAScraper:
    @pytest.mark.parametrize("address", ["10.0.0.5", "10.1.2.3", "2001:db8::7"])
    def test_reads_from_an_address_that_is_allowed(self, new_app: NewApp, address: str) -> None:
        client = new_app(metrics_allow=("10.0.0.5/32", "10.1.0.0/16", "2001:db8::/32")).test_client()
        assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 200

    def test_reads_from_this_machine_at_any_host(self, app_in_production: Flask) -> None:
        assert app_in_production.test_client().get("/metrics", base_url="http://10.0.0.5:8000").status_code == 200


class TestARequest:
    @pytest.fixture(autouse=True)
    def asked(self, client: FlaskClient) -> None:
        client.get("/blogs")
        client.get("/no/such/address")
        self.text = client.get("/metrics").text

    def test_is_counted_by_route_and_status(self) -> None:
        assert 'inkwell_requests_total{route="blogs.index",status="401"}' in self.text

    def test_to_no_route_is_counted_as_one_of_none(self) -> None:
        assert 'inkwell_requests_total{route="none",status="404"}' in self.text

    def test_is_timed_by_route(self) -> None:
        assert 'inkwell_request_seconds_bucket{le="0.2",route="blogs.index"}' in self.text


class TestRoutesAndStatusesWithoutEnd:
    def test_take_no_more_room_than_there_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "_pairs", {})
        monkeypatch.setattr(metrics, "MOST_PAIRS", 2)
        for number in range(9):
            metrics.observe_request(f"made.up.{number}", "200", 0.1)
        assert {route for route, _ in metrics._pairs} == {"made.up.0", "made.up.1", "other"}


class TestARequestThatWaited:
    def waited(self, app: Flask, milliseconds: int) -> str:
        """The log, after a request whose data came that long before a thread took it up."""

        class Connection:
            def getsockopt(self, *_: int) -> bytes:
                return bytes(52) + milliseconds.to_bytes(4, sys.byteorder)

        before = self.count(app)
        app.test_client().get("/", environ_overrides={"gunicorn.socket": Connection()})
        return str(self.count(app) - before)

    def count(self, app: Flask) -> float:
        found = re.search(r"^inkwell_queued_requests_total (.+)$", app.test_client().get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0

    @pytest.mark.parametrize(("milliseconds", "counted"), [(99, "0.0"), (100, "1.0"), (5000, "1.0")])
    def test_is_counted_from_a_tenth_of_a_second(self, app: Flask, milliseconds: int, counted: str) -> None:
        assert self.waited(app, milliseconds) == counted


@pytest.mark.programs
class TestImageWork:
    def test_is_timed_by_its_outcome(
        self, client: FlaskClient, images: ImageServer, attachment_factory: AttachmentFactory, user: User
    ) -> None:
        picture = attachment_factory(user)
        images.inspect(picture.key, picture.content_type, user.id)
        assert 'inkwell_image_seconds_count{outcome="done"}' in client.get("/metrics").text


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
