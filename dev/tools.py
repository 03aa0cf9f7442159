"""What the tests need beyond Python packages: a browser, a redis-server and nginx, found or installed."""

import contextlib
import functools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.bootstrap import PYTHON, VENV, alone, output
from dev.steps import SetupError, say, step

OPT = VENV / "opt"
# Another apt may be at work, as on a machine that is just starting.
PATIENT = ("-o", "DPkg::Lock::Timeout=300")

BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SMOKE = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=sys.argv[1], headless=sys.argv[2] == "False", args=["--disable-quic"], timeout=20_000
    )
    page = browser.new_page()
    page.goto("data:text/html,<title>ready</title>")
    sys.exit(page.title() != "ready")
"""


@dataclass(frozen=True)
class Browser:
    """A kind of browser: where it may be, and what installs it."""

    windowed: bool
    stamp: Path
    in_playwrights_folder: tuple[str, ...]
    on_path: tuple[str, ...]
    playwrights_flag: str
    debians: tuple[str, ...]


# The headless shell is the same engine without a window, and more than twice as fast at opening pages.
WITHOUT_WINDOW = Browser(
    windowed=False,
    stamp=VENV / "browser",
    in_playwrights_folder=("chromium_headless_shell-*/*/*headless*shell",),
    on_path=("chromium-headless-shell", *BROWSERS, *MAC_BROWSERS),
    playwrights_flag="--only-shell",
    debians=("chromium-headless-shell", "chromium"),
)
WITH_WINDOW = Browser(
    windowed=True,
    stamp=VENV / "browser-with-window",
    in_playwrights_folder=("chromium-*/*/chrome", "chromium-*/*/*.app/Contents/MacOS/*"),
    on_path=(*BROWSERS, *MAC_BROWSERS),
    playwrights_flag="--no-shell",
    debians=("chromium",),
)


def tools(kind: Browser = WITHOUT_WINDOW) -> dict[str, str]:
    """The environment that tells the tests where their programs are."""
    found = {"FORGE_BROWSER": browser(kind)}
    if redis := redis_server():
        found["FORGE_REDIS_SERVER"] = redis
    else:
        say("There is no redis-server, and none can be installed here: the tests that need Redis will be skipped.\n")
    if proxy := nginx():
        found["INKWELL_NGINX"] = proxy
    else:
        say("There is no nginx, and none can be had here: the tests that need it will be skipped.\n")
    return found


def require_display() -> None:
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SetupError(
            "There is no display for a browser's window, neither DISPLAY nor WAYLAND_DISPLAY is set: "
            "xvfb-run bin/test --headed does without one."
        )


def browser(kind: Browser) -> str:
    if chosen := os.environ.get("FORGE_BROWSER"):
        if path := shutil.which(chosen):
            return path
        raise SetupError(f"FORGE_BROWSER is {chosen}, and there is no program there that may be run.")
    known = known_browser(kind)
    if not known:
        with alone():
            known = known_browser(kind) or working_browser(kind)
            kind.stamp.write_text(known)
    return known


def known_browser(kind: Browser) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        path = kind.stamp.read_text()
        return shutil.which(path)
    return None


def working_browser(kind: Browser) -> str:
    say("Looking for a browser that works, once …\n")
    problems: dict[str, str] = {}
    for install in (None, install_playwrights_browser, install_debians_browser):
        if install is not None:
            install(kind)
        for path in browsers(kind):
            problems[path] = problem_with(path, kind)
            if not problems[path]:
                return path
    found = "".join(f"\n{path}: {problem}" for path, problem in problems.items())
    which = " with a window" if kind.windowed else ""
    raise SetupError(
        f"There is no browser{which} that works: install chromium or Chrome, or set FORGE_BROWSER to its path.{found}"
    )


def browsers(kind: Browser) -> Iterator[str]:
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    folder = Path(home) if home else Path.home() / cache / "ms-playwright"
    for pattern in kind.in_playwrights_folder:
        yield from sorted(map(str, folder.glob(pattern)), reverse=True)
    yield from filter(None, map(shutil.which, kind.on_path))


def problem_with(path: str, kind: Browser) -> str:
    # Ubuntu's chromium-browser, for one, may be a stub that only says what to install.
    command = [PYTHON, "-c", SMOKE, path, str(kind.windowed)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"\n{tried.stderr.strip()}" if tried.returncode else ""


def install_playwrights_browser(kind: Browser) -> None:
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    command = [PYTHON, "-m", "playwright", "install", "chromium", kind.playwrights_flag]
    with contextlib.suppress(SetupError):
        step("Downloading the browser", command, env=os.environ | patience)


def install_debians_browser(kind: Browser) -> None:
    for package in kind.debians:
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
            unpack("redis-server", unpacked)
    return shutil.which("redis-server") or shutil.which(unpacked)


def nginx() -> str | None:
    unpacked = OPT / "nginx"
    if found := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or shutil.which(unpacked):
        return str(found)
    with alone(), contextlib.suppress(SetupError):
        if shutil.which("brew"):
            step("Installing nginx", ["brew", "install", "--quiet", "nginx"])
        elif shutil.which("apt-get"):
            if is_apt_usable():
                read_package_lists()
            # Installed, it would serve this machine's port 80.
            unpack("nginx", unpacked, version="-v")
    found = shutil.which("nginx") or shutil.which(unpacked)
    return str(found) if found else None


def unpack(package: str, program: Path, version: str = "--version") -> None:
    """Debian's packages can be unpacked by anyone; the program then has to be told where its libraries are."""
    simulated = subprocess.run(
        ["apt-get", "install", "--simulate", "--no-install-recommends", package],
        capture_output=True,
        text=True,
        check=False,
    )
    packages = [line.split()[1] for line in simulated.stdout.splitlines() if line.startswith("Inst ")]
    folder = OPT / f"of-{package}"
    folder.mkdir(parents=True, exist_ok=True)
    step(f"Downloading {package}", ["apt-get", "download", *packages], cwd=folder)
    for file in folder.glob("*.deb"):
        step(f"Unpacking {package}", ["dpkg", "-x", str(file), str(folder)])
    libraries = ":".join({str(library.parent) for library in folder.glob("usr/lib/**/*.so.*")})
    unpacked = next(folder.glob(f"usr/*bin/{program.name}"), None)
    if unpacked is None:
        return
    command = shlex.join(["env", f"LD_LIBRARY_PATH={libraries}", str(unpacked)])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    if output(program, version) is None:
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
