"""Send a file of a gigabyte through a headless browser into the blog, its store being an S3 server beside it.

python -m benchmarks.large_upload [--megabytes 1024]

Two uploads: one in one go, while the memory of the web workers is watched, and one that is cut in the middle by
reloading the page.
"""

import argparse
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Request, Route, expect, sync_playwright

from app.config import Settings
from app.db import Database
from app.doctor.setup import setup
from app.factory import create_app
from tests.conftest import migrate
from tests.e2e.live_server import LiveBlog, live_blog
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.seaweedfs import running_seaweedfs
from tests.limits import RAISED
from tests.seaweedfs import made_bucket, settings_of

MB = 1024 * 1024
MINUTES = 60_000
MOST_GROWTH_MB = 20
AT_ONCE = 4
SIGNED_PART = re.compile(r"[?&]partNumber=(\d+)")


class Memory:
    """How the memory of the blog's processes grows. They are those that know its secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.first: dict[int, int] = {}
        self.most: dict[int, int] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        self.first = self._now()
        self.most = {**self.first}
        watcher.start()
        yield
        over.set()
        watcher.join()

    @property
    def growth_mb(self) -> float:
        return max(self.most[pid] - first for pid, first in self.first.items()) / MB

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.2):
            for pid, size in self._now().items():
                self.most[pid] = max(size, self.most.get(pid, 0))

    def _now(self) -> dict[int, int]:
        return {int(folder.name): resident(folder) for folder in Path("/proc").glob("[0-9]*") if self._is_ours(folder)}

    def _is_ours(self, folder: Path) -> bool:
        try:
            return (
                self._secret in (folder / "environ").read_bytes() and b"gunicorn" in (folder / "cmdline").read_bytes()
            )
        except OSError:
            return False


def resident(process: Path) -> int:
    return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def blog(folder: Path) -> Iterator[LiveBlog]:
    settings = Settings(
        _env_file=None, secret_key=os.urandom(32).hex(), instance_dir=folder, base_url="http://localhost", **RAISED
    )
    migrate(settings)
    with running_seaweedfs() as seaweedfs:
        store = made_bucket(seaweedfs)
        with live_blog(settings.model_copy(update=settings_of(seaweedfs, store)), folder) as site:
            setup(store, site.url)
            yield site


@contextmanager
def review_page(site: LiveBlog) -> Iterator[Page]:
    app = create_app(site.settings)
    database: Database = app.extensions["database"]
    cookie = SessionFactory(app)(UserFactory.on(database)())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("FORGE_BROWSER"))
        page = browser.new_page(base_url=site.url)
        page.context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": site.url}])
        page.goto("/blogs/new")
        page.locator("[name=title]").fill("Large")
        page.locator("[name=content]").fill("Larger")
        page.get_by_role("button", name="Next").click()
        yield page
        browser.close()


def begin(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(file)


def finish(page: Page) -> None:
    expect(page.get_by_role("status")).to_contain_text(re.compile("successful|failed"), timeout=30 * MINUTES)
    expect(page.get_by_role("status")).to_have_text("Upload successful!")


def in_one_go(site: LiveBlog, file: Path) -> float:
    memory = Memory(site.settings.secret_key)
    with review_page(site) as page, memory.watched():
        began = time.monotonic()
        begin(page, file)
        finish(page)
        seconds = time.monotonic() - began
    print(f"in one go: {seconds:.0f} s, the web workers grew by {memory.growth_mb:.1f} MB at most")
    return memory.growth_mb


def cut_in_the_middle(site: LiveBlog, file: Path) -> bool:
    parts = -(-file.stat().st_size // (16 * MB))
    arrived: list[str] = []
    with review_page(site) as page:

        def half(route: Route) -> None:
            if len(arrived) < parts // 2:
                route.continue_()

        def note(request: Request) -> None:
            part = SIGNED_PART.search(request.url)
            if request.method == "PUT" and part:
                arrived.append(part[1])

        page.route(SIGNED_PART, half)
        page.on("requestfinished", note)
        with page.expect_event("requestfinished", lambda _: len(arrived) >= parts // 2, timeout=30 * MINUTES):
            begin(page, file)
        page.reload()
        page.unroute_all()
        before = len(arrived)
        begin(page, file)
        finish(page)
    after = len(arrived) - before
    print(f"cut after {before} of {parts} parts and reloaded: {after} more were sent")
    # One that arrived just as the page was left was not heard of here, and is not sent again either.
    return len(set(arrived)) == len(arrived) and before + after > parts - AT_ONCE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "film.mp4"
        with file.open("wb") as out:
            for _ in range(wanted.megabytes):
                out.write(os.urandom(MB))
        with blog(folder) as site:
            growth = in_one_go(site, file)
            went_on = cut_in_the_middle(site, file)
    return 0 if growth < MOST_GROWTH_MB and went_on else 1


if __name__ == "__main__":
    sys.exit(main())
