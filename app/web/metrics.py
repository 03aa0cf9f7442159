"""Counters, summed over all workers of this machine, in the Prometheus text format."""

import os
from pathlib import Path

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.web.marks import public

blueprint = Blueprint("metrics", __name__)

cache_events = Counter("inkwell_cache_events", "What became of reads through the query cache.", ["event"])

limits_hit = Counter("inkwell_limits_hit", "Requests refused because somebody asked too often.", ["kind", "by"])


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def counted_cache_events(folder: Path) -> dict[str, float]:
    """How often each event came in the servers that count below that folder."""
    counted: dict[str, float] = {}
    for server in folder.glob("*"):
        for sample in (sample for metric in _summed(str(server)).collect() for sample in metric.samples):
            if sample.name == "inkwell_cache_events_total":
                event = sample.labels["event"]
                counted[event] = counted.get(event, 0) + sample.value
    return counted


def _registry() -> CollectorRegistry:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return _summed(folder) if folder else REGISTRY


def _summed(folder: str) -> CollectorRegistry:
    workers = CollectorRegistry()
    MultiProcessCollector(workers, path=folder)  # type: ignore[no-untyped-call]
    return workers
