"""The servers that are measured, each as it would be deployed, with one worker, on a core of its own."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from dev.bench.packages import PEERS, PEERS_NODE, PEERS_PYTHON
from dev.bench.usage import cpu_seconds
from dev.postgres import free_port
from dev.steps import ROOT, SetupError
from tests.forge.processes import running

HOST = "blog.example"
START_SECONDS = 60
LOOK_SECONDS = 0.002
TAIL = 2000


@dataclass(frozen=True)
class Server:
    """How one is started: `{port}` stands for its port."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    ready: str = "/"


@dataclass(frozen=True)
class Running:
    pid: int
    port: int
    # From the start of the program to its first answer.
    start_seconds: float
    start_cpu_seconds: float


def gunicorn(python: str, application: str) -> list[str]:
    # The settings are in its folder's gunicorn.conf.py.
    return [python, "-m", "gunicorn", application, "--workers", "1", "--bind", "127.0.0.1:{port}"]


def blog(environment: Mapping[str, str], application: str = "wsgi:app") -> Server:
    return Server(gunicorn(sys.executable, application), environment, ready="/healthz")


def redis_database(url: str, number: int) -> str:
    """The URL of that database of the same Redis."""
    return f"{url.rpartition('/')[0]}/{number}"


def peers(database: Path, redis_url: str) -> dict[str, Server]:
    """By name. Those that cache have a Redis database of their own."""
    told = {"PEERS_DATABASE": str(database), "PEERS_SECRET": secrets.token_hex(32), "PORT": "{port}"}
    told |= {"NODE_ENV": "production", "NODE_PATH": PEERS_NODE}

    def peer(number: int, *command: str) -> Server:
        return Server(command, {**told, "PEERS_REDIS": redis_database(redis_url, number)}, PEERS)

    uvicorn = [PEERS_PYTHON, "-m", "uvicorn", "fastapi_blog:app", "--port", "{port}", "--no-access-log"]
    return {
        "flask-hello": peer(0, *gunicorn(PEERS_PYTHON, "hello:app")),
        "wsgi-hello": peer(0, *gunicorn(PEERS_PYTHON, "hello:raw")),
        "flask-caching": peer(1, *gunicorn(PEERS_PYTHON, "flask_caching_blog:app")),
        "django": peer(2, *gunicorn(PEERS_PYTHON, "django_blog:app")),
        "fastapi": peer(3, *uvicorn, "--log-level", "warning"),
        "express": peer(4, "node", "express_blog.js"),
    }


@contextmanager
def started(server: Server, core: int, log: Path) -> Iterator[Running]:
    """That server, which answers by the time the block begins. Raises SetupError with its last words if it does not."""
    port = free_port()
    command = [word.replace("{port}", port) for word in server.command]
    environment = {name: value.replace("{port}", port) for name, value in server.environment.items()}
    began = time.perf_counter()
    with (
        log.open("wb") as output,
        running(
            ["taskset", "-c", str(core), *command],
            cwd=server.folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        wait_until_it_answers(process, int(port), server.ready, log)
        yield Running(process.pid, int(port), time.perf_counter() - began, cpu_seconds(process.pid))


def wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, path: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not answers(port, path):
        if process.poll() is not None or time.monotonic() > until:
            raise SetupError(f"A server did not start; it logged:\n{log.read_text(errors='replace')[-TAIL:]}")
        time.sleep(LOOK_SECONDS)


def answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    with suppress(OSError, HTTPException), closing(connection):
        connection.request("GET", path, headers={"Host": HOST})
        return connection.getresponse().status < 500
    return False
