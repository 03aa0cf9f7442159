"""What the bench needs beyond the project's own packages: wrk, and the peers with packages of their own in `.bench`."""

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from dev.bootstrap import VENV, alone, sources
from dev.steps import ROOT, SetupError, step
from dev.tools import apt_install

PEERS = ROOT / "benchmarks" / "peers"
PEERS_LOCK = PEERS / "peers.lock"
BENCH = ROOT / ".bench"
PEERS_PYTHON = str(BENCH / "venv" / "bin" / "python")
PEERS_NODE = str(BENCH / "node" / "node_modules")


def prepare_peers() -> None:
    """Leave wrk, and what is in the peers' lock files, installed. Stamps make the next time take no time."""
    if sys.platform != "linux":
        raise SetupError("bin/bench: it reads the CPU of a server from Linux's /proc; run it on Linux.")
    if len(os.sched_getaffinity(0)) < 2:
        raise SetupError("bin/bench: it needs two cores, one for the server and one for who asks.")
    with alone():
        require_program("wrk")
        require_program("node", "npm")
        once(install_python, PEERS_LOCK)
        once(install_node, PEERS / "package-lock.json")


def require_program(*names: str) -> None:
    if not all(map(shutil.which, names)):
        package = "nodejs" if "node" in names else names[0]
        apt_install(f"Installing {package}", *{package, *names[1:]})


def once(install: Callable[[], None], lock: Path) -> None:
    stamp, content = BENCH / f"{lock.name}.installed", hashlib.sha256(lock.read_bytes()).hexdigest()
    with contextlib.suppress(FileNotFoundError):
        if stamp.read_text() == content:
            return
    BENCH.mkdir(exist_ok=True)
    install()
    stamp.write_text(content)


def install_python() -> None:
    uv = str(VENV / "bin" / "uv")
    step("Preparing the peers' Python", [uv, "venv", "--clear", "--python", sys.executable, str(BENCH / "venv")])
    command = [uv, "pip", "install", "--python", PEERS_PYTHON, "--require-hashes", "-r", str(PEERS_LOCK)]
    step("Installing the peers' packages", command, env=sources())


def install_node() -> None:
    folder = BENCH / "node"
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / name, folder)
    # better-sqlite3 is compiled where there is no build of it for this machine.
    step("Installing Express", ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
