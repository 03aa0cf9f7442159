"""Programs that do not outlive whoever started them, even when that is killed."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STOP_SECONDS = 10
GRACE_SECONDS = 2
# A parent that is killed closes the pipe without a word; then what it started must not outlive it.
WATCHER = f"""
read -r _ && exit
process=$1
kill -"$2" "$process"
sleep {GRACE_SECONDS}
kill -KILL -- "-$process"
shift 2
rm -rf -- "$@"
"""


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


def watcher(process: subprocess.Popen[bytes], stop_signal: signal.Signals, *paths: Path) -> subprocess.Popen[bytes]:
    """End that process with its group, and remove those paths, if we end before we have told it `stopped`."""
    arguments = [str(process.pid), str(int(stop_signal)), *map(str, paths)]
    return subprocess.Popen(
        ["sh", "-c", WATCHER, "watcher", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def listens(url: str) -> bool:
    address = urlsplit(url)
    with suppress(ConnectionRefusedError), socket.create_connection((address.hostname, address.port), timeout=5):
        return True
    return False
