"""Send the blog, as it is shipped, requests that its API's description allows or forbids.

python -m benchmarks.fuzz [--requests 20000] [--seconds 3600] [--start 1] [--postgres]

Ends with 1 when an answer was a 5xx, or not as the description says.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import schemathesis

from dev.postgres import postgres
from tests.e2e.site import site
from tests.fuzzing import Tally, World, fuzz


def main() -> int:
    wanted = parsed()
    with ExitStack() as stack:
        if wanted.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(postgres())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        blog = stack.enter_context(site(Path(folder)))
        schema = schemathesis.openapi.from_url(f"http://{blog.host}:{blog.port}/api/openapi.json")
        began = time.monotonic()
        tally = fuzz(schema, World(blog.app), wanted.requests, wanted.start, wanted.seconds, show)
        seconds = time.monotonic() - began
    report(tally, seconds, wanted.start)
    return 1 if tally.failures or tally.server_errors else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="stop after so many (default: 20,000)")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after so long all the same (default: 3600)")
    parser.add_argument("--start", type=int, default=random.getrandbits(32), help="the same requests as that run")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, not on SQLite")
    return parser.parse_args()


def show(tally: Tally) -> None:
    if sys.stderr.isatty():
        print(f"\r{tally.requests:>7,} requests, {len(tally.failures):,} failures", end="", file=sys.stderr, flush=True)


def report(tally: Tally, seconds: float, start: int) -> None:
    print(*tally.failures[:20], sep="\n\n")
    print(f"{tally.requests:,} requests in {seconds:.0f} s (--start {start})")
    print(", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items())))
    print(f"5xx: {tally.server_errors:,}; not as described: {len(tally.failures):,}")


if __name__ == "__main__":
    sys.exit(main())
