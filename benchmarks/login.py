"""What a login costs a browser test, forged and clicked: `python -m benchmarks.login`."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.conftest import migrate
from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveBlog, live_blog, serve
from tests.e2e.provider import Somebody
from tests.factories.session import SessionFactory, login
from tests.factories.user import UserFactory
from tests.forge.project import Project
from tests.limits import RAISED

LIMIT_MILLISECONDS = 20
ROUNDS = 30

Act = Callable[[CustomPage], object]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None, secret_key=os.urandom(32).hex(), instance_dir=Path(folder), redis_url="", **RAISED
        )
        migrate(settings)
        with live_blog(settings, Path(folder)) as blog, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("FORGE_BROWSER"))
            return report(measured(browser, blog))


def measured(browser: Browser, blog: LiveBlog) -> dict[str, float]:
    """The median of each way, in milliseconds, each time in a browser context of its own."""
    app = create_app(blog.settings)
    database: Database = app.extensions["database"]
    sessions = SessionFactory(app)
    users = UserFactory.on(database)
    project = Project(app, login, serve(blog.settings), users, "/blogs", "a[href='/auth/logout']")
    user = users()

    def goto(page: CustomPage) -> object:
        page.set_session_cookie(cookie)
        return page.goto("/blogs")

    cookie = sessions(user)
    ways: dict[str, Act] = {"goto, with a session": goto, "login()": lambda page: page.login(user), "clicked": clicked}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, act in ways.items():
            page = CustomPage.build(browser.new_context, project, sessions, blog, base_url=blog.url)
            page.goto("/")
            started = time.perf_counter()
            act(page)
            times[name].append((time.perf_counter() - started) * 1000)
            page.close()
    database.close()
    return {name: statistics.median(taken) for name, taken in times.items()}


def clicked(page: CustomPage) -> None:
    page.get_by_role("link", name="Login With Google").first.click()
    Somebody().sign_in(page)
    page.get_by_role("link", name="Logout").wait_for()


def report(medians: dict[str, float]) -> int:
    for name, milliseconds in medians.items():
        print(f"{name:22} {milliseconds:>7.1f} ms")
    more = medians["login()"] - medians["goto, with a session"]
    within = more <= LIMIT_MILLISECONDS
    print(f"login() costs {more:.1f} ms more: {'within' if within else 'OVER'} the limit of {LIMIT_MILLISECONDS} ms")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
