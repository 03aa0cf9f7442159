"""What a server has used so far, as Linux counts it: its processes are those of the session that it leads."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

LOOK_SECONDS, MOST_SECONDS = 0.1, 5
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(leader: int) -> float:
    """Of all its processes, and of those that have ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) for _, fields in processes_of(leader)) / TICKS


def cpu_seconds_at_rest(leader: int) -> float:
    """The same once it has nothing left to do, or after a few seconds."""
    used, until = cpu_seconds(leader), time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        before, used = used, cpu_seconds(leader)
        if used == before:
            break
    return used


def worker_megabytes(leader: int) -> float:
    """The resident memory of its largest process, shared libraries included, as `ps` shows it."""
    return max(resident(pid) for pid, _ in processes_of(leader)) / 1024


def processes_of(leader: int) -> Iterator[tuple[int, list[str]]]:
    """Each with what `/proc/<pid>/stat` says after its name (proc_pid_stat(5)): the first is its state."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(leader):
            yield int(folder.name), fields


def resident(pid: int) -> int:
    """In kilobytes."""
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
