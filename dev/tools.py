"""What the tests need beyond Python packages: a browser and a redis-server, found or installed."""

import contextlib
import functools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev.bootstrap import PYTHON, VENV, alone, runs
from dev.steps import SetupError, say, step

OPT = VENV / "opt"
BROWSER_STAMP = VENV / "browser"
# Another apt may be at work, as on a machine that is just starting.
PATIENT = ("-o", "DPkg::Lock::Timeout=300")

# The headless shell is the same engine without a window, and more than twice as fast at opening pages.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SMOKE = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--disable-quic"], timeout=20_000)
    page = browser.new_page()
    page.goto("data:text/html,<title>ready</title>")
    sys.exit(page.title() != "ready")
"""


def tools() -> dict[str, str]:
    """The environment that tells the tests where their programs are."""
    found = {"FORGE_BROWSER": browser()}
    if redis := redis_server():
        found["FORGE_REDIS_SERVER"] = redis
    else:
        say("There is no redis-server, and none can be installed here: the tests that need Redis will be skipped.\n")
    return found


def browser() -> str:
    if chosen := os.environ.get("FORGE_BROWSER"):
        if path := shutil.which(chosen):
            return path
        raise SetupError(f"FORGE_BROWSER is {chosen}, and there is no such program.")
    known = known_browser()
    if not known:
        with alone():
            known = known_browser() or working_browser()
            BROWSER_STAMP.write_text(known)
    return known


def known_browser() -> str | None:
    with contextlib.suppress(FileNotFoundError):
        path = BROWSER_STAMP.read_text()
        return shutil.which(path)
    return None


def working_browser() -> str:
    say("Looking for a browser that works, once …\n")
    problems: dict[str, str] = {}
    for install in (None, install_playwrights_browser, install_debians_browser):
        if install is not None:
            install()
        for path in browsers():
            problems[path] = problem_with(path)
            if not problems[path]:
                return path
    found = "".join(f"\n{path}: {problem}" for path, problem in problems.items())
    raise SetupError(f"The tests find no browser: install chromium or Chrome, or set FORGE_BROWSER to its path.{found}")


def browsers() -> Iterator[str]:
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    folder = Path(home) if home else Path.home() / cache / "ms-playwright"
    yield from sorted(map(str, folder.glob("chromium_headless_shell-*/*/*headless*shell")), reverse=True)
    yield from filter(None, map(shutil.which, BROWSERS + MAC_BROWSERS))


def problem_with(path: str) -> str:
    # Ubuntu's chromium-browser, for one, may be a stub that only says what to install.
    tried = subprocess.run([PYTHON, "-c", SMOKE, path], capture_output=True, text=True, check=False)
    return f"\n{tried.stderr.strip()}" if tried.returncode else ""


def install_playwrights_browser() -> None:
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    command = [PYTHON, "-m", "playwright", "install", "chromium", "--only-shell"]
    with contextlib.suppress(SetupError):
        step("Downloading the browser", command, env=os.environ | patience)


def install_debians_browser() -> None:
    for package in ("chromium-headless-shell", "chromium"):
        with contextlib.suppress(SetupError):
            # Playwright's own Node needs libatomic, which a minimal Debian lacks.
            apt_install("Installing the browser", package, "libatomic1")
            return


def redis_server() -> str | None:
    unpacked = OPT / "redis-server"
    if found := shutil.which("redis-server") or shutil.which(unpacked):
        return found
    with alone(), contextlib.suppress(SetupError):
        if shutil.which("brew"):
            step("Installing redis-server", ["brew", "install", "--quiet", "redis"])
        elif is_apt_usable():
            apt_install("Installing redis-server", "redis-server")
        elif shutil.which("apt-get"):
            unpack_redis(unpacked)
    return shutil.which("redis-server") or shutil.which(unpacked)


def unpack_redis(program: Path) -> None:
    """Debian's packages can be unpacked by anyone; the program then has to be told where its libraries are."""
    simulated = subprocess.run(
        ["apt-get", "install", "--simulate", "--no-install-recommends", "redis-server"],
        capture_output=True,
        text=True,
        check=False,
    )
    packages = [line.split()[1] for line in simulated.stdout.splitlines() if line.startswith("Inst ")]
    OPT.mkdir(exist_ok=True)
    step("Downloading redis-server", ["apt-get", "download", *packages], cwd=OPT)
    for package in OPT.glob("*.deb"):
        step("Unpacking redis-server", ["dpkg", "-x", str(package), str(OPT)])
    libraries = ":".join({str(library.parent) for library in OPT.glob("usr/lib/**/*.so.*")})
    command = shlex.join(["env", f"LD_LIBRARY_PATH={libraries}", str(OPT / "usr/bin/redis-server")])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    if not runs(program):
        program.unlink()


def is_apt_usable() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(title: str, *packages: str) -> None:
    if not is_apt_usable():
        raise SetupError(f"{title} needs root and apt-get.")
    read_package_lists()
    command = ["apt-get", *PATIENT, "install", "--yes", "--no-install-recommends", *packages]
    step(title, command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


@functools.cache
def read_package_lists() -> None:
    step("Reading the package lists", ["apt-get", *PATIENT, "update"])
