"""A command that says nothing when it is quick, shows its time when it is not, and its output when it fails."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
QUIET_SECONDS = 2
TAIL_LINES = 30


class SetupError(Exception):
    """Set-up cannot go on; the sentence says why, and what to do."""


def step(title: str, command: Sequence[str | Path], **options: Any) -> None:
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        settings: dict[str, Any] = {"cwd": ROOT, "stdin": subprocess.DEVNULL, **options}
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **settings)
        try:
            code = wait(title, process)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if code:
            log.seek(0)
            tail = "".join(log.readlines()[-TAIL_LINES:])
            raise SetupError(f"{title} failed:\n{tail.rstrip()}")


def wait(title: str, process: subprocess.Popen[bytes]) -> int:
    """A terminal counts the seconds; a log gets the title at once, and the time at the end."""
    started = time.monotonic()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=QUIET_SECONDS)
    live = sys.stderr.isatty()
    say(f"{title} …")
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=1)
            break
        if live:
            say(f"\r{title} … {time.monotonic() - started:.0f} s")
    start_of_line = f"\r{title} …" if live else ""
    say(f"{start_of_line} {time.monotonic() - started:.0f} s\n")
    return code


def say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
