"""A provider of another make: npm's `oidc-provider`, which the OpenID Foundation has certified."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from dev.bootstrap import alone
from tests.forge.processes import running

HERE = Path(__file__).parent
PACKAGES, LOCK = HERE / "node_modules", HERE / "package-lock.json"
INSTALLED = PACKAGES / "installed"
# How npm tells of a machine without a network.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT")


@contextmanager
def certified_provider(**settings: object) -> Iterator[str]:
    """One that runs as long as the block lasts, set as server.js says: its issuer. Skips the test without Node.js."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("The certified provider needs node and npm.")
    install()
    command = ["node", "server.js", json.dumps(settings)]
    with running(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()


def install() -> None:
    with alone():
        if not INSTALLED.exists() or INSTALLED.read_bytes() != LOCK.read_bytes():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
            if any(word in done.stderr for word in UNREACHABLE):
                pytest.skip(f"npm reaches nobody to install the certified provider from: {done.stderr.strip()[-300:]}")
            assert done.returncode == 0, done.stderr
            shutil.copy(LOCK, INSTALLED)


def go_to(url: str, *, cancels: bool = False) -> str:
    """Do what the provider asks until it leads back to another site: where to."""
    with requests.Session() as browser:
        browser.headers.update({"X-Cancels": "1"} if cancels else {})
        issuer = url[: url.index("/", len("http://"))]
        while url.startswith(issuer):
            url = requests.compat.urljoin(url, browser.get(url, allow_redirects=False).headers["Location"])
    return url
