"""Processes that are started together and stopped together, even when what started them is killed."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev.steps import ROOT, SetupError
from tests.forge.processes import watcher

GRACE_SECONDS = 3


class Processes:
    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stop_signals: dict[str, signal.Signals] = {}
        self._watchers: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        leftover: Path | None = None,
        **options: Any,
    ) -> None:
        """Each has a session of its own, so that Ctrl-C reaches only us.

        If we are killed, it ends, and its leftover goes.
        """
        settings: dict[str, Any] = {"cwd": ROOT, "stdin": subprocess.DEVNULL, "start_new_session": True, **options}
        process = subprocess.Popen(command, **settings)
        self._running[name] = process
        self._stop_signals[name] = stop_signal
        self._watchers.append(watcher(process, stop_signal, *([leftover] if leftover else [])))

    def check(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise SetupError(
                    f"The {name} ended by itself (exit code {process.returncode}). Its last words are above."
                )

    def stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name, process in self._running.items():
            process.send_signal(self._stop_signals[name])
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for watching in self._watchers:
            watching.communicate(b"stopped\n")
