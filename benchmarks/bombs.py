"""Ten decompression bombs at once against a running blog, and what a cheap request costs meanwhile.

python -m benchmarks.bombs
"""

import hashlib
import logging
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from app.auth.models import User
from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.conftest import migrate
from tests.e2e.live_server import live_blog
from tests.factories.picture import black_png
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.limits import RAISED

AT_ONCE = 10
ROUNDS = 4
MOST_MEGABYTES = 300
MOST_SECONDS = 0.1
RETRIES = 100


def main() -> int:
    logging.disable()
    bombs = {"20 KB, 164 megapixels": black_png(12_800, 12_800), "400 megapixels": black_png(20_000, 20_000)}
    # The largest that is taken in: its decoding is the most work that an image can be.
    bombs["40 megapixels, decoded"] = black_png(8_000, 5_000, bits=8)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, secret_key=secrets.token_hex(32), instance_dir=Path(folder), **RAISED)
        migrate(settings)
        user = UserFactory.on(Database(settings.database_url))()
        with live_blog(settings, Path(folder)) as server:
            outcomes = [tried(server.url, settings, user, name, body) for name, body in bombs.items()]
    return 0 if all(outcomes) else 1


def tried(url: str, settings: Settings, user: User, name: str, body: bytes) -> bool:
    headers = SessionFactory(create_app(settings))(user).browser_headers
    watch = Watch(url)
    with watch, ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = [*threads.map(lambda _: finished(url, headers, body), range(AT_ONCE * ROUNDS))]
    p99 = sorted(watch.seconds)[int(len(watch.seconds) * 0.99)]
    megabytes = watch.most_bytes / 1024**2
    print(f"{name}: {len(body):,} bytes, {len(statuses)} answered {sorted(set(statuses))}")
    print(f"  largest process {megabytes:.0f} MB; {len(watch.seconds):,} cheap requests, p99 {p99 * 1000:.0f} ms")
    return megabytes < MOST_MEGABYTES and p99 < MOST_SECONDS


def finished(url: str, headers: dict[str, str], body: bytes) -> int:
    told = {"filename": "bomb.png", "content_type": "image/png", "size": len(body)}
    told["sha256"] = hashlib.sha256(body).hexdigest()
    declared = requests.post(f"{url}/api/attachments", json=told, headers=headers, timeout=60).json()
    requests.put(declared["url"], data=body, headers=declared["headers"], timeout=60).raise_for_status()
    path = f"{url}/api/attachments/{declared['id']}/finish"
    for _ in range(RETRIES):
        status = requests.post(path, json={}, headers=headers, timeout=60).status_code
        if status != 503:
            return status
        # Too many at once: a browser comes back after the seconds that it is told, and this sooner.
        time.sleep(0.2)
    return 503


class Watch:
    """While it lasts, cheap requests one after the other, and looks at the memory of every process below this one."""

    def __init__(self, url: str) -> None:
        self.seconds: list[float] = []
        self.most_bytes = 0
        self._url = url
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask), threading.Thread(target=self._look)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._over.wait(0.005):
                began = time.perf_counter()
                session.get(f"{self._url}/healthz", timeout=60)
                self.seconds.append(time.perf_counter() - began)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most_bytes = max([self.most_bytes, *memory_below("self")])


def memory_below(pid: str) -> Iterator[int]:
    """The resident bytes of each process that this one has started, and of those that they have."""
    for task in Path("/proc", pid, "task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield resident(child)
            yield from memory_below(child)


def resident(pid: str) -> int:
    try:
        status = Path("/proc", pid, "status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
