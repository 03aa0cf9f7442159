"""Builds `.venv` from a lock file, once."""

import ast
import contextlib
import fcntl
import functools
import hashlib
import os
import re
import subprocess
import sys
import time
import venv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dev.steps import QUIET_SECONDS, ROOT, SetupError, say, step

VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
RECENT = "import sys; sys.exit(sys.version_info < (3, 11))"
YES = ("y", "yes", "t", "true", "on", "1")
OLDER_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


def environment() -> dict[str, str]:
    """The caller's own, but with compiled modules: without them every start takes twice as long."""
    settings = dict(os.environ)
    if settings.pop("PYTHONDONTWRITEBYTECODE", ""):
        settings.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "pycache"))
    return settings


def prepare(lock: Path) -> None:
    """Leave everything in the lock file installed. A stamp makes the next time take no time."""
    if not is_ready(lock):
        with alone():
            # Whoever held the door may have done the work meanwhile.
            if not is_ready(lock):
                build(lock)


def continue_in_environment() -> None:
    """Go on from here with the packages that were prepared: on the first start another Python has begun."""
    if not VENV.samefile(sys.prefix):
        os.execv(PYTHON, [PYTHON, "-m", "dev", *sys.argv[1:]])  # noqa: S606  no shell is wanted


def is_ready(lock: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(PYTHON).exists() and stamp(lock).read_text() == fingerprint(lock)
    return False


def build(lock: Path) -> None:
    say("Preparing the packages, once …\n")
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
    uv = "uv" if runs("uv") else pinned_uv()
    installer = [uv, "pip", "install", "--python", PYTHON, *no_index()] if uv else pip("install")
    step("Installing the packages", [*installer, "--require-hashes", "-r", lock], env=sources())


def sources() -> dict[str, str]:
    """The environment in which uv installs from wherever pip would.

    A package may come from any source, as with pip, since its hash says whether it is the right one.
    """
    return {"UV_INDEX_STRATEGY": "unsafe-best-match"} | os.environ | index_settings() | source_settings()


def pythons() -> list[str]:
    """Where pip may be: the environment's own Python, on which the second start runs, is made without it."""
    return [sys.executable, "python3", str(Path(sys.executable).resolve()), PYTHON]


def pip(*arguments: str | Path) -> list[str | Path]:
    # Putting pip into the environment takes seconds, and is only needed where none reaches into it from outside.
    for python in pythons():
        outer = [python, "-m", "pip", "--python", PYTHON]
        if runs(*outer):
            return [*outer, *arguments]
    if not runs(PYTHON, "-c", "import ensurepip"):
        raise SetupError("This Python has neither pip nor ensurepip: install uv, or on Debian and Ubuntu python3-venv.")
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
    """Which index, and how it is reached. uv does not read pip's configuration, where a company usually says so."""
    pips = pip_settings()
    return unless_told(
        UV_DEFAULT_INDEX=pips["index-url"],
        UV_INSECURE_HOST=pips["trusted-host"],
        SSL_CERT_FILE=pips["cert"],
        SSL_CLIENT_CERT=pips["client-cert"],
        ALL_PROXY=pips["proxy"],
    )


def source_settings() -> dict[str, str]:
    """Where else packages may be. Not for the lock files, as `compile_locks` says."""
    pips = pip_settings()
    # pip passes over a folder that is not there, such as a share that is not mounted; to uv it is an error.
    links = [
        link
        for link in pips["find-links"].split()
        if link.startswith("http") or Path(link.removeprefix("file://")).exists()
    ]
    return unless_told(UV_INDEX=pips["extra-index-url"], UV_FIND_LINKS=",".join(links))


def no_index() -> list[str]:
    """Of what pip can be told about indexes, only this has no variable in uv."""
    return ["--no-index"] if pip_settings()["no-index"].lower() in YES else []


def unless_told(**settings: str) -> dict[str, str]:
    """What the person has set for uv, under the newer name or the older, stays as it is."""
    own = os.environ.keys()
    return {name: value for name, value in settings.items() if value and not {name, OLDER_NAMES.get(name, name)} & own}


@functools.cache
def pip_settings() -> defaultdict[str, str]:
    """As pip reads its files and variables for an installation, with a space between the items of a list.

    Nothing where no Python here has pip.
    """
    listings = (output(python, "-m", "pip", "config", "list") for python in pythons())
    listing = next((listing for listing in listings if listing is not None), "")
    settings: defaultdict[str, str] = defaultdict(str)
    for section in ("global", "install", ":env:"):  # in pip, too, the later wins, and an empty value is none
        for name, value in re.findall(rf"^{section}\.(.+?)=(.+)$", listing, re.MULTILINE):
            if words := ast.literal_eval(value).split():
                settings[name] = " ".join(map(os.path.expanduser, words))
    return settings


def runs(*command: str | Path) -> bool:
    return output(*command, "--version") is not None


def output(*command: str | Path) -> str | None:
    """What the command prints, or None where it fails or there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return None
    return None if done.returncode else done.stdout
