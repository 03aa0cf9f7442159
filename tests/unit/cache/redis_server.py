"""A Redis server of our own, to be frozen, killed and filled up."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from redis import Redis


def executable() -> str | None:
    return os.environ.get("INKWELL_REDIS_SERVER") or shutil.which("redis-server")


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "It did not come true in time"
        Event().wait(0.002)


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client: Any = Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        command = [executable() or "redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen([*command, *quiet], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        lines = iter(self._process.stdout.readline, b"")
        assert any(b"Ready to accept connections" in line for line in lines), "redis-server did not start"

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.client.close()
