"""What a Redis that stops answering costs the readers of a list, over HTTP: `python -m benchmarks.frozen_redis`."""

import json
import logging
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from time import monotonic, perf_counter
from typing import Any

from tests.e2e.site import Site, site

LIMIT = 60
BLOGS = 20
READERS = 2
SECONDS = 10.0
# Without writes every answer would come from a worker's memory, which a frozen Redis does not slow down at all.
WRITE_EVERY = 0.02


class Client:
    def __init__(self, blog: Site, person: dict[str, str]) -> None:
        self._connection = HTTPConnection(blog.host, blog.port, timeout=30)
        self._headers = {**person, "Content-Type": "application/json"}

    def __call__(self, method: str, path: str = "/api/blogs", body: object = None) -> Any:
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {document}")
        return document

    def close(self) -> None:
        self._connection.close()


def main() -> int:
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as blog:
        person, stop = blog.person(BLOGS), Event()
        writer = Thread(target=write, args=(Client(blog, person), stop))
        writer.start()
        try:
            measure(blog, person, 1.0)
            before = measure(blog, person, SECONDS)
            blog.redis.freeze()
            frozen = measure(blog, person, SECONDS)
        finally:
            blog.redis.thaw()
            stop.set()
            writer.join()
    return report(before, frozen)


def write(client: Client, stop: Event) -> None:
    blog_id = client("GET")[0]["id"]
    number = 0
    while not stop.wait(WRITE_EVERY):
        number += 1
        client("PATCH", f"/api/blogs/{blog_id}", {"title": f"Blog {number}"})
    client.close()


def measure(blog: Site, person: dict[str, str], seconds: float) -> list[float]:
    """How long each read took, in milliseconds."""
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, Client(blog, person), monotonic() + seconds) for _ in range(READERS)]
    return [took for reader in readers for took in reader.result()]


def read(client: Client, until: float) -> list[float]:
    took = []
    while monotonic() < until:
        started = perf_counter()
        client("GET")
        took.append((perf_counter() - started) * 1000)
    client.close()
    return took


def report(before: list[float], frozen: list[float]) -> int:
    print(f"{'':16} {'reads':>8} {'p50':>8} {'p99':>8} {'worst':>8}  ms")
    for name, took in (("before", before), ("Redis frozen", frozen)):
        print(f"{name:16} {len(took):>8,} {p(50, took):>8.1f} {p(99, took):>8.1f} {max(took):>8.1f}")
    growth = p(99, frozen) - p(99, before)
    print(f"p99 grew by {growth:.1f} ms, {'within' if growth <= LIMIT else 'OVER'} the limit of {LIMIT} ms")
    return 0 if growth <= LIMIT else 1


def p(percent: int, took: list[float]) -> float:
    return quantiles(took, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
