"""Builds `.venv` from a lock file, once."""

import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from dev.steps import QUIET_SECONDS, ROOT, SetupError, say, step

VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
RECENT = "import sys; sys.exit(sys.version_info < (3, 11))"


def environment() -> dict[str, str]:
    """The caller's own, but with compiled modules: without them every start takes twice as long."""
    settings = dict(os.environ)
    if settings.pop("PYTHONDONTWRITEBYTECODE", ""):
        settings.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "pycache"))
    return settings


def prepare(lock: Path) -> None:
    """Leaves everything in the lock file installed. A stamp makes the next time take no time."""
    if not is_ready(lock):
        with alone():
            # Whoever held the door may have done the work meanwhile.
            if not is_ready(lock):
                build(lock)


def is_ready(lock: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(PYTHON).exists() and stamp(lock).read_text() == fingerprint(lock)
    return False


def build(lock: Path) -> None:
    if not runs(PYTHON, "-c", RECENT):
        venv.create(VENV, clear=True, symlinks=True)
    install(lock)
    stamp(lock).write_text(fingerprint(lock))


def stamp(lock: Path) -> Path:
    return VENV / f"{lock.name}.installed"


def fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time in one clone."""
    with Path(__file__).open() as door:
        started, told = time.monotonic(), False
        while not opened(door.fileno()):
            if not told and time.monotonic() - started > QUIET_SECONDS:
                say("Waiting for another set-up in this clone …\n")
                told = True
            time.sleep(0.1)
        yield


def opened(door: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def install(lock: Path) -> None:
    environment = os.environ | index_settings()
    uv = "uv" if runs("uv") else pinned_uv()
    installer = [uv, "pip", "install", "--python", PYTHON] if uv else pip("install")
    step("Installing the packages", [*installer, "--require-hashes", "-r", lock], env=environment)


def pip(*arguments: str | Path) -> list[str | Path]:
    # Putting pip into the environment takes seconds, and is only needed where none reaches into it from outside.
    outer = [sys.executable, "-m", "pip", "--python", PYTHON]
    if runs(*outer):
        return [*outer, *arguments]
    if not runs(PYTHON, "-m", "pip"):
        if not runs(PYTHON, "-c", "import ensurepip"):
            raise SetupError(
                "This Python has neither pip nor ensurepip: install uv, or on Debian and Ubuntu python3-venv."
            )
        step("Preparing pip", [PYTHON, "-m", "ensurepip"])
    return [PYTHON, "-m", "pip", *arguments]


def pinned_uv() -> Path | None:
    """uv installs in two seconds what takes pip half a minute. The lock says which uv, and its hashes."""
    uv = VENV / "bin" / "uv"
    if runs(uv):
        return uv
    pinned = re.search(r"^uv==.*(?:\n .*)*", DEV_LOCK.read_text(), re.MULTILINE)
    if not pinned:
        return None
    requirement = VENV / "uv.txt"
    requirement.write_text(pinned.group())
    command = pip("install", "--require-hashes", "--only-binary", ":all:", "-r", requirement)
    with contextlib.suppress(SetupError):
        step("Installing uv", command)
        return uv
    return None


def index_settings() -> dict[str, str]:
    """uv does not read pip's configuration, and a company's own index is usually set only there."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^(?:global|install|:env:)\.(index-url|cert)='(.*)'$", listed.stdout, re.MULTILINE))
    wanted = {"UV_DEFAULT_INDEX": found.get("index-url"), "SSL_CERT_FILE": found.get("cert")}
    return {name: value for name, value in wanted.items() if value and name not in os.environ}


def runs(*command: str | Path) -> bool:
    try:
        return subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
