"""What the figures were measured on, and with which versions."""

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from dev.bench.packages import PEERS_NODE, PEERS_PYTHON

PYTHON_PEERS = ("flask", "gunicorn", "flask-caching", "django", "django-redis", "fastapi", "uvicorn", "sqlalchemy")
NODE_PEERS = ("express", "cookie-session", "redis", "better-sqlite3")
VERSIONS = "import sys, importlib.metadata as known; print(*(known.version(name) for name in sys.argv[1:]))"


def machine() -> list[str]:
    """Lines for a person."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    model = cpu.group(1) if cpu else platform.machine()
    return [
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {model}, Linux {platform.release()}",
        f"Python {platform.python_version()}: {', '.join(python_versions())}",
        f"Node {output('node', '--version').removeprefix('v')}: {', '.join(node_versions())}",
    ]


def python_versions() -> list[str]:
    known = output(PEERS_PYTHON, "-c", VERSIONS, *PYTHON_PEERS).split()
    return [f"{name} {version}" for name, version in zip(PYTHON_PEERS, known, strict=True)]


def node_versions() -> list[str]:
    folder = Path(PEERS_NODE)
    return [f"{name} {json.loads((folder / name / 'package.json').read_text())['version']}" for name in NODE_PEERS]


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
