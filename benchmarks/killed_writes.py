"""Workers are killed while people write, who send again with the same key: `python -m benchmarks.killed_writes --help`.

Every write that was acknowledged must be in the database, once, and nothing else.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from uuid import uuid4

import requests
from sqlalchemy import select

from app.blogs.models import Blog
from app.status import servers
from dev.postgres import postgres
from tests.e2e.site import site

WRITERS = 4
# Long enough for a write to be under way, wherever it is.
PAUSES = (0.1, 0.6)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.killed_writes", description="Ends with 1 when a write is lost, or there twice."
    )
    parser.add_argument("--kills", type=int, default=200, help="how many workers to kill (default: 200)")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, not on SQLite")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        if wanted.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(postgres())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        blog = stack.enter_context(site(Path(folder)))
        address, people, over = f"http://{blog.host}:{blog.port}", [blog.person() for _ in range(WRITERS)], Event()
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write, f"{address}/api/blogs", headers, over) for headers in people]
            try:
                killed = kill_workers(wanted.kills, Path(folder) / "metrics")
            finally:
                # Or the writers would never end.
                over.set()
            results = [writer.result() for writer in writers]
        acknowledged = {key: blog_id for result, _ in results for key, blog_id in result.items()}
        with blog.database.read() as db:
            stored = [(row.client_key, row.id) for row in db.execute(select(Blog.client_key, Blog.id))]
    there = Counter(key for key, _ in stored)
    lost = acknowledged.items() - set(stored)
    twice = [key for key, count in there.items() if count > 1]
    again = sum(more for _, more in results)
    print(f"{killed} workers killed, {len(acknowledged):,} writes acknowledged, {again:,} sent again")
    print(f"lost: {len(lost)}, there twice: {len(twice)}, not acknowledged: {len(there.keys() - acknowledged.keys())}")
    return int(bool(lost or twice))


def write(address: str, headers: dict[str, str], over: Event) -> tuple[dict[str, int], int]:
    """The id that was acknowledged for each key, and how often something was sent again."""
    acknowledged: dict[str, int] = {}
    again = 0
    while not over.is_set():
        key = str(uuid4())
        while key not in acknowledged:
            try:
                draft = {"title": key, "content": "Some words. " * 40}
                answer = requests.post(address, json=draft, headers={**headers, "Idempotency-Key": key}, timeout=30)
            except requests.RequestException:
                again += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                acknowledged[key] = answer.json()["id"]
            else:
                again += 1
                time.sleep(0.05)
    return acknowledged, again


def kill_workers(number: int, metrics: Path) -> int:
    """Kill one after the other, each when it serves: what is killed while it starts has no write under way."""
    killed = 0
    while killed < number:
        time.sleep(random.uniform(*PAUSES))  # noqa: S311
        ready = [worker["pid"] for told in servers(metrics) for worker in told["workers"] if worker["state"] == "ready"]
        # What the arbiter tells may be half a second old.
        with suppress(ProcessLookupError, IndexError):
            os.kill(random.choice(ready), signal.SIGKILL)  # noqa: S311
            killed += 1
    return killed


if __name__ == "__main__":
    sys.exit(main())
