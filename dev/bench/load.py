"""Asking a server: once, with a close look at the answer, and for seconds on end, with a look at every answer."""

import json
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

from dev.bench.figures import Sample
from dev.bench.servers import Running
from dev.bench.usage import cpu_seconds_at_rest
from dev.steps import SetupError

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 8
LOST_SECONDS = 60
ANY_LENGTH = -1


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: str = ""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: HTTPMessage
    body: bytes


def ask(server: Running, request: Request) -> Reply:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=LOST_SECONDS)) as connection:
        return ask_on(connection, request)


def ask_on(connection: HTTPConnection, request: Request) -> Reply:
    connection.request(request.method, request.path, request.body or None, dict(request.headers))
    answer = connection.getresponse()
    return Reply(answer.status, answer.headers, answer.read())


def load(
    server: Running, request: Request, seconds: int, core: int, status: int, length: int, cookies: Path | None = None
) -> Sample:
    """`length` is that of every body, or ANY_LENGTH; `cookies` is a file of those that are sent in turn."""
    options = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", f"{LOST_SECONDS}s"]
    for name, value in request.headers.items():
        options += ["-H", f"{name}: {value}"]
    url = f"http://127.0.0.1:{server.port}{request.path}"
    words = [str(status), str(length), request.method, request.body, str(cookies or "")]
    command = ["taskset", "-c", str(core), "wrk", *options, "-s", str(SCRIPT), url, "--", *words]
    before = cpu_seconds_at_rest(server.pid)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    used = cpu_seconds_at_rest(server.pid) - before
    if done.returncode:
        raise SetupError(f"wrk failed:\n{done.stdout}{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    requests, took = told["requests"], told["seconds"]
    # What was under way on each connection when wrk stopped was answered too, for nobody.
    return Sample(requests / took, used / (requests + CONNECTIONS) * 1e6, used / took, told["wrong"])
