"""What the experiments share: the app of twenty lines behind gunicorn, load on it, and where their pictures are."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hash_app import ROUNDS, work
from dev.steps import ROOT, SetupError
from tests.forge.server import Command, Listener, started

PICTURES = ROOT / "docs" / "experiments"
SCRIPT = Path(__file__).with_name("latency.lua")
HASH_SECONDS = 0.5


@dataclass(frozen=True)
class Load:
    """Requests in those seconds, and how many milliseconds they took."""

    requests: int
    seconds: float
    p50: float
    p90: float
    p99: float
    slowest: float
    wrong: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def hash_rounds() -> str:
    """As many as take half a second here, when nothing else runs."""
    began = time.process_time()
    work()
    return str(round(ROUNDS * HASH_SECONDS / (time.process_time() - began)))


@contextmanager
def serving(folder: Path, workers: int, rounds: str) -> Iterator[str]:
    """The app's address, with so many workers of eight threads."""
    listener = Listener("127.0.0.1")
    options = ["--workers", str(workers), "--worker-class", "gthread", "--threads", "8", "--log-level", "error"]
    # Not the blog's settings, which are in the folder where this runs.
    own = ["--config", os.devnull, "--bind", f"fd://{listener.fd}", "--timeout", "120", "--no-control-socket"]
    command = Command(
        ["-m", "gunicorn", *own, *options, "benchmarks.hash_app:app"], {"HASH_ROUNDS": rounds}, ready="/cheap"
    )
    with started(command, listener, folder / f"{listener.port}.log"):
        yield listener.url


def load(url: str, seconds: int, connections: int) -> Load:
    if shutil.which("wrk") is None:
        raise SetupError("There is no wrk on this machine, which measures the load.")
    limits = ["-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "120s"]
    done = subprocess.run(["wrk", *limits, "-s", str(SCRIPT), url], capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout.splitlines()[-1]))


def keep(pictures: Mapping[str, str]) -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        (PICTURES / f"{name}.svg").write_text(picture)


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before it"
