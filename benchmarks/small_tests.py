"""Fifty small tests, by pytest with the harness and by @playwright/test: `python -m benchmarks.small_tests`.

The same pages, browser and isolation, one worker each: every test has a browser context of its own, a session cookie,
and a trace that is thrown away. The server runs already, as it would for both. It needs Node and npm.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import ROOT
from tests.forge.server import gunicorn, live_server
from tests.forge.session import SessionForge
from tests.small_apps.with_flask_login import app

TESTS = 50
ROUNDS = 5
LIMIT = 1.1
VERSION = "1.65.1"

CONFTEST = """
import pytest
from forge.project import Project
from forge.server import gunicorn
from tests.small_apps.with_flask_login import app

@pytest.fixture(scope="session")
def project():
    return Project(app=app, login=lambda session, user: session.update(_user_id=user), serve=gunicorn("not started"))
"""
PYTEST = f"""
import pytest
from playwright.sync_api import expect

@pytest.mark.parametrize("number", range({TESTS}))
def test_greets(page, number):
    page.login(f"Ada {{number}}")
    expect(page.get_by_role("heading")).to_have_text(f"Hello Ada {{number}}")
"""
SETTINGS = """
[tool.pytest.ini_options]
addopts = ["-p", "forge.plugin", "--tracing=retain-on-failure", "--screenshot=only-on-failure"]
"""
PLAYWRIGHT = """
const { test, expect } = require("@playwright/test");
const cookies = JSON.parse(process.env.COOKIES);
for (const [number, cookie] of cookies.entries()) {
  test(`greets ${number}`, async ({ page, context }) => {
    await context.addCookies([cookie]);
    await page.goto("/");
    await expect(page.getByRole("heading")).toHaveText(`Hello Ada ${number}`);
  });
}
"""
CONFIG = """
module.exports = {
  workers: 1, reporter: [["html", { open: "never" }], ["dot"]],
  use: {
    baseURL: process.env.BASE_URL,
    trace: { mode: "retain-on-failure", screenshots: false }, screenshot: "only-on-failure",
    launchOptions: { executablePath: process.env.FORGE_BROWSER },
  },
};
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as name, live_server(gunicorn(f"{app.import_name}:app"), Path(name)) as server:
        folder = Path(name)
        commands = {"pytest": with_pytest(folder, server.url), "@playwright/test": with_node(folder)}
        settings = os.environ | {"BASE_URL": server.url, "COOKIES": cookies(server.url)}
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, (at, command) in commands.items():
                started = time.perf_counter()
                subprocess.run(command, cwd=at, env=settings, check=True, stdout=subprocess.DEVNULL)
                taken[name].append(time.perf_counter() - started)
    return report({name: statistics.median(each) for name, each in taken.items()})


def with_pytest(folder: Path, url: str) -> tuple[Path, Sequence[str]]:
    project = folder / "pytest"
    shutil.copytree(ROOT / "tests/forge", project / "forge", ignore=shutil.ignore_patterns("__pycache__"))
    files = {"conftest.py": CONFTEST, "test_greets.py": PYTEST, "pyproject.toml": SETTINGS}
    for name, text in files.items():
        (project / name).write_text(text)
    paths = os.pathsep.join([str(project), str(ROOT)])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", f"--base-url={url}"]
    return project, ["env", f"PYTHONPATH={paths}", *command]


def with_node(folder: Path) -> tuple[Path, Sequence[str]]:
    project = folder / "node"
    project.mkdir()
    (project / "greets.spec.js").write_text(PLAYWRIGHT)
    (project / "playwright.config.js").write_text(CONFIG)
    (project / "package.json").write_text("{}")
    subprocess.run(["npm", "install", "--silent", "--no-fund", f"@playwright/test@{VERSION}"], cwd=project, check=True)
    return project, [str(project / "node_modules/.bin/playwright"), "test"]


def cookies(url: str) -> str:
    forge = SessionForge(app, lambda session, user: session.update(_user_id=user))
    made = [forge(f"Ada {number}") for number in range(TESTS)]
    return json.dumps(
        [{"name": cookie.name, "value": cookie.value, "domain": urlsplit(url).hostname, "path": "/"} for cookie in made]
    )


def report(medians: dict[str, float]) -> int:
    for name, seconds in medians.items():
        print(f"{name:17} {seconds:>6.2f} s")
    ratio = medians["pytest"] / medians["@playwright/test"]
    within = ratio <= LIMIT
    print(f"{ratio:.2f} of its time: {'within' if within else 'OVER'} the limit of {LIMIT}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
