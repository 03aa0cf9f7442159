"""Counters and histograms, summed over all workers of this machine, in the Prometheus text format.

For scrapers that the operator names, by their address; nobody else finds them. gunicorn.conf.py reserves the room that
a worker's take, which bounds how many there may be.
"""

import ipaddress
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Engine, event

from app.current import settings
from app.errors import NotFound
from app.web.marks import public

blueprint = Blueprint("metrics", __name__)

BUCKETS = (0.01, 0.05, 0.2, 1, 5, 20)
# Pairs of a route and a status that are told apart. There are about 40 routes, of a few statuses each.
MOST_PAIRS = 400

cache_events = Counter("inkwell_cache_events", "What became of reads through the query cache.", ["event"])
audit_events = Counter("inkwell_audit_events", "Events of the audit trail.", ["event"])
failures = Counter("inkwell_failures", "Answers of 500 and above, by error.", ["error"])
requests = Counter("inkwell_requests", "Requests answered.", ["route", "status"])
request_seconds = Histogram("inkwell_request_seconds", "Time to answer.", ["route"], buckets=BUCKETS)
queued = Counter("inkwell_queued_requests", "Requests that waited 0.1 s or more for a thread.")
queued_seconds = Counter("inkwell_queued_seconds", "How long those waited.")
connections = Counter("inkwell_database_connections_opened", "Connections opened to the database.")
image_seconds = Histogram("inkwell_image_seconds", "Time of image work.", ["outcome"], buckets=BUCKETS)

_pairs: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

limits_hit = Counter("inkwell_limits_hit", "Requests refused because somebody asked too often.", ["kind", "by"])


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    if not _is_scraper(request.environ, settings().metrics_allow):
        raise NotFound
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def observe_request(route: str, status: str, seconds: float) -> None:
    count, time = _pairs.get((route, status)) or _new_pair(route, status)
    count.inc()
    time.observe(seconds)


def count_wait(seconds: float) -> None:
    queued.inc()
    queued_seconds.inc(seconds)


def time_image_work(outcome: str, seconds: float) -> None:
    image_seconds.labels(outcome).observe(seconds)


def count_connections(engine: Engine) -> None:
    """Count those that this process opens: a site at rest opens none."""
    event.listen(engine, "connect", lambda *_: connections.inc())


def counted_cache_events(folder: Path) -> dict[str, float]:
    """How often each event came in the servers that count below that folder."""
    counted: dict[str, float] = {}
    for server in folder.glob("*"):
        for sample in (sample for metric in _summed(str(server)).collect() for sample in metric.samples):
            if sample.name == "inkwell_cache_events_total":
                event = sample.labels["event"]
                counted[event] = counted.get(event, 0) + sample.value
    return counted


def _new_pair(route: str, status: str) -> tuple[Counter, Histogram]:
    route = route if len(_pairs) < MOST_PAIRS else "other"
    return _pairs.setdefault((route, status), (requests.labels(route, status), request_seconds.labels(route)))


def _is_scraper(environ: Mapping[str, str], allowed: Sequence[str]) -> bool:
    """Whether every address that this request came by is allowed.

    A proxy adds the address that it was asked from, so a stranger's is always among them, whatever else they claim.
    """
    named = [environ.get("REMOTE_ADDR", ""), *environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    addresses = [each.strip() for each in named if each.strip()]
    networks = [ipaddress.ip_network(each) for each in allowed]
    try:
        found = [ipaddress.ip_address(each) for each in addresses]
    except ValueError:
        return False
    return bool(found) and all(any(address in network for network in networks) for address in found)


def _registry() -> CollectorRegistry:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return _summed(folder) if folder else REGISTRY


def _summed(folder: str) -> CollectorRegistry:
    workers = CollectorRegistry()
    MultiProcessCollector(workers, path=folder)  # type: ignore[no-untyped-call]
    return workers
