"""Servers that the suite starts, none of which outlives it."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dev.processes import watcher

STOP_SECONDS = 10


@contextmanager
def running(
    command: Sequence[str], *leftovers: Path, stop_signal: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """That command, as long as the block lasts. If we are killed in it, the command ends too, and its leftovers go."""
    # The leader of a group, which is what the watcher ends: workers too.
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        watching = watcher(process, stop_signal, *leftovers)
        try:
            yield process
        finally:
            process.send_signal(stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            watching.communicate(b"stopped\n")


def listens(url: str) -> bool:
    address = urlsplit(url)
    with suppress(ConnectionRefusedError), socket.create_connection((address.hostname, address.port), timeout=5):
        return True
    return False
