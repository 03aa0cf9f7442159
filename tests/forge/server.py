"""The server under test: the real one, in a process of its own, behind a socket that is bound before it starts."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from .processes import running

START_SECONDS = 60
# The last line of a traceback, such as `ValueError: boom`; log lines may begin with a margin.
RAISED = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)+(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """How a server starts: arguments of Python's, environment variables, and the path that answers once it is up."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/"


class Listener:
    """A port of this machine, a free one unless it is given, taken before the server starts, so that nothing else can
    take it in between.
    """

    def __init__(self, host: str = "localhost", port: int = 0) -> None:
        self.socket = socket.create_server(("127.0.0.1", port))
        self.socket.set_inheritable(True)
        self.fd = self.socket.fileno()
        self.host, self.port = host, self.socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"


Serve = Callable[[Listener], Command]


def gunicorn(application: str, *options: str, ready: str = "/", **environment: str) -> Serve:
    """The application behind gunicorn, as `wrapped` wraps it: `gunicorn("small:app", "--threads", "4")`."""

    def serve(listener: Listener) -> Command:
        wrapped = f"{__package__}.wrapped:app"
        arguments = ["-m", "gunicorn", wrapped, "--bind", f"fd://{listener.fd}", "--graceful-timeout", "2", *options]
        return Command(arguments, {"FORGE_APPLICATION": application, **environment}, ready)

    return serve


@dataclass
class LiveServer:
    """A site under test: where it is, which other origins its pages may ask, and what it has logged so far.

    `clock` is the file that moves its time, `record` that of its requests: see `wrapped`. A deployed site has none.
    """

    url: str
    origins: Sequence[str] = ()
    logs: Sequence[Path] = ()
    clock: Path | None = None
    record: Path | None = None

    @property
    def own_hosts(self) -> set[str]:
        """Every host a test may ask, with its port: the site under both names of this machine, and the others."""
        urls = [self.url, self.url.replace("//localhost", "//127.0.0.1"), *self.origins]
        return {urlsplit(url).netloc for url in urls}

    def log_sizes(self) -> list[int]:
        return [log.stat().st_size for log in self.logs]

    def log_since(self, sizes: Sequence[int]) -> str:
        return "".join(
            log.read_bytes()[size:].decode(errors="replace") for log, size in zip(self.logs, sizes, strict=True)
        )


def last_exception(log: str) -> str:
    """The last line of the last traceback in it, or nothing."""
    raised: list[str] = RAISED.findall(log)
    return raised[-1] if raised else ""


@contextmanager
def live_server(serve: Serve, folder: Path, *, origins: Sequence[str] = ()) -> Iterator[LiveServer]:
    """A server on a free port, which answers by the time the block begins."""
    listener = Listener()
    server = LiveServer(listener.url, origins, [folder / "server.log"], folder / "clock", folder / "requests.jsonl")
    with started(serve(listener), listener, server.logs[0], clock=server.clock, record=server.record):
        yield server


@contextmanager
def started(
    command: Command, listener: Listener, log: Path, *, clock: Path | None = None, record: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """That command behind that socket, of which this process lets go. It leads a process group of its own."""
    files = {"FORGE_CLOCK": clock, "FORGE_RECORD": record}
    variables = {**command.environment, **{name: str(file) for name, file in files.items() if file}}
    with (
        log.open("ab") as output,
        running(
            [sys.executable, *command.arguments],
            # What the tests can import, the server can.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fd],
        ) as process,
    ):
        listener.socket.close()
        wait_until_answers(f"{listener.url}{command.ready}", log)
        yield process


def wait_until_answers(url: str, log: Path) -> None:
    """Any answer but a failure will do. Raises RuntimeError, with what the server has logged, when there is none."""
    try:
        answer = str(_status(url))
    except (OSError, HTTPException) as error:
        answer = f"nothing: {error}"
    if not answer.startswith(("2", "3", "4")):
        raise RuntimeError(f"{url} answered {answer}; it logged:\n{log.read_text(errors='replace')}")


def _status(url: str) -> int:
    parts = urlsplit(url)
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=START_SECONDS)) as connection:
        # The socket listens already: this waits in its queue until a worker answers. A redirect is an answer.
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
