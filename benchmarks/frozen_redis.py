"""What a Redis that stops answering costs the readers of a list, over HTTP: `python -m benchmarks.frozen_redis`."""

import logging
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from time import monotonic, perf_counter
from typing import Any

from tests.e2e.checker import Client, Plan
from tests.e2e.site import Site, site

LIMIT = 60
BLOGS = 20
READERS = 2
SECONDS = 10.0
# Without writes every answer would come from a worker's memory, which a frozen Redis does not slow down at all.
WRITE_EVERY = 0.02


def client(blog: Site, person: dict[str, str]) -> Client:
    return Client(Plan(blog.host, blog.port, [person]))


def main() -> int:
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as blog:
        person, stop = blog.person(BLOGS), Event()
        writer = Thread(target=write, args=(client(blog, person), stop))
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


def asked(ask: Client, method: str, path: str = "", body: dict[str, str] | None = None) -> Any:
    answer = ask(0, method, path, body)
    if answer.status != 200:
        raise RuntimeError(f"{method} {path} was answered with {answer}")
    return answer.document


def write(ask: Client, stop: Event) -> None:
    blog_id = asked(ask, "GET")[0]["id"]
    number = 0
    while not stop.wait(WRITE_EVERY):
        number += 1
        asked(ask, "PATCH", f"/{blog_id}", {"title": f"Blog {number}"})
    ask.close()


def measure(blog: Site, person: dict[str, str], seconds: float) -> list[float]:
    """How long each read took, in milliseconds."""
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, client(blog, person), monotonic() + seconds) for _ in range(READERS)]
    return [took for reader in readers for took in reader.result()]


def read(ask: Client, until: float) -> list[float]:
    took = []
    while monotonic() < until:
        started = perf_counter()
        asked(ask, "GET")
        took.append((perf_counter() - started) * 1000)
    ask.close()
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
