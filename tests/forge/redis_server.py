"""A Redis server of our own, to be frozen, killed and filled up."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from redis import Redis

from .processes import running


def executable() -> str | None:
    return os.environ.get("FORGE_REDIS_SERVER") or shutil.which("redis-server")


def skip_without_redis() -> None:
    if executable() is None:
        pytest.skip("There is no redis-server on this machine")


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
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        if self._process is not None:
            return
        command = [executable() or "redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = self._running.enter_context(
            running([*command, *quiet], stop_signal=signal.SIGKILL, stdout=subprocess.PIPE)
        )
        lines = iter(self._process.stdout.readline, b"") if self._process.stdout else ()
        assert any(b"Ready to accept connections" in line for line in lines), "redis-server did not start"

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self.client.close()
        self._running.close()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
