"""Readers against writers over HTTP, and nobody may read what is old: `python -m benchmarks.race --help`."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.checker import Plan, Tally, race

if TYPE_CHECKING:
    from tests.forge.redis_server import RedisServer

NAIVE = {"deletes": "tests.e2e.naive:deletes()", "expires": "tests.e2e.naive:expires()"}
PEOPLE = 6


def main() -> int:
    # Every process of the race imports this module anew, and needs nothing of the site.
    from tests.e2e.site import site

    options = parsed()
    logging.disable(logging.INFO)
    application = NAIVE.get(options.naive, "wsgi:app")
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), application) as blog:
        people = [blog.person() for _ in range(PEOPLE)]
        plan = Plan(blog.host, blog.port, people, options.readers, options.writers, options.pause)
        tally = race(
            plan,
            reads=options.reads,
            seconds=options.seconds,
            disturb=outages(blog.redis) if options.outages else (),
            show=progress(options.reads),
        )
    report(tally)
    if options.naive:
        return 0 if tally.stale and not tally.errors else 1
    return 1 if tally.stale or tally.errors else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.race", description="Ends with 1 on a stale read or an error."
    )
    parser.add_argument("--reads", type=int, default=100_000, help="stop after so many (default: 100,000)")
    parser.add_argument("--seconds", type=float, default=1800, help="stop after so long all the same (default: 1800)")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.01, help="a writer's, in seconds (default: 0.01)")
    parser.add_argument(
        "--outages", action="store_true", help="every 2 seconds freeze Redis, thaw it, kill or start it"
    )
    parser.add_argument(
        "--naive", choices=NAIVE, help="over a cache that deletes after writing, or only expires: must find stale reads"
    )
    return parser.parse_args()


def outages(redis: "RedisServer") -> Iterator[Callable[[], object]]:
    return cycle([redis.freeze, redis.thaw, redis.kill, redis.start])


def progress(reads: int) -> Callable[[Tally], object]:
    def show(tally: Tally) -> None:
        print(f"\r{tally.reads:>9,} of {reads:,} reads, {tally.stale:,} stale", end="", file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda tally: None


def report(tally: Tally) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for example in tally.examples:
        print(example)
    print(f"in {tally.seconds:.0f} s, {tally.hits / max(tally.reads, 1):.0%} of the reads from the cache")
    for name in ("reads", "writes", "stale", "errors"):
        print(f"{name:8} {getattr(tally, name):>9,}")


if __name__ == "__main__":
    sys.exit(main())
