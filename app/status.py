"""How the servers of an instance folder do, by what their arbiters tell there and by what the system knows of each.

`inkwell status` and `bin/status`, on the machine of the servers: no settings but `INSTANCE_DIR` are needed.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from app.arbiter import STATUS
from app.config import Settings

WATCH_SECONDS = 1.0
# What a single look takes to measure what the processors do.
GLANCE_SECONDS = 0.3
SILENT_SECONDS = 5
COLUMNS = "{:>8}  {:8} {:>7} {:>7} {:>5} {:>7} {:>8} {:>7} {:>7} {:>5}"
CLEAR = "\x1b[H\x1b[2J"

Told = dict[str, Any]


class Here(BaseSettings):
    """Where to look. The other settings need not hold for that."""

    model_config = Settings.model_config
    instance_dir: Path = Path("instance")


def status(*, watch: bool = False, as_json: bool = False) -> int:
    """Print it, and again every second until Ctrl-C if it is to be watched.

    The exit code: 0 when as many workers are ready as there should be, else 1.
    """
    folder = Here().instance_dir.resolve() / "metrics"
    before = servers(folder)
    time.sleep(GLANCE_SECONDS if before else 0)
    with suppress(KeyboardInterrupt):
        while True:
            now = servers(folder)
            measure(before, now)
            sys.stdout.write(_as_json(now, watch) if as_json else _as_text(now, folder, watch))
            sys.stdout.flush()
            if not watch:
                break
            before = now
            time.sleep(WATCH_SECONDS)
    return 0 if now and all(_ready(each) >= each["wanted"] for each in now) else 1


def servers(folder: Path) -> list[Told]:
    """What each server that runs tells, with the memory and the processor time of its processes."""
    found = [told for file in sorted(folder.glob(f"*/{STATUS}")) if _is_held(file) and (told := _read(file))]
    for told in found:
        for process in (told, *told["workers"]):
            process["looked"] = time.monotonic()
            process["memory"], process["cpu_seconds"] = _memory(process["pid"]), _cpu_seconds(process["pid"])
    return found


def _is_held(file: Path) -> bool:
    """Whether the arbiter that made it lives: the lock is gone with its process."""
    with suppress(OSError), file.open("r+b") as opened:
        fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    return file.exists()


def _read(file: Path) -> Told | None:
    for _ in range(10):
        # Half written, or not yet; or gone by now.
        with suppress(OSError, ValueError):
            told: Told = json.loads(file.read_text())
            return told
        time.sleep(0.01)
    return None


def measure(before: list[Told], now: list[Told]) -> None:
    """Add to each process of `now` the share of a processor that it took since `before`, where both know it."""
    known = {each["pid"]: each for told in before for each in (told, *told["workers"])}
    for told in now:
        for each in (told, *told["workers"]):
            earlier = known.get(each["pid"], {"cpu_seconds": None, "looked": each["looked"]})
            took, seconds = (each["cpu_seconds"], earlier["cpu_seconds"]), each["looked"] - earlier["looked"]
            each["cpu"] = None if None in took or not seconds else (took[0] - took[1]) / seconds


def _memory(pid: int) -> int | None:
    """In bytes: what is its own, and its part of what it shares; or else all that it has; not known without /proc."""
    for name, word in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(word):
                    return int(line.split()[1]) * 1024
    return None


def _cpu_seconds(pid: int) -> float | None:
    with suppress(OSError):
        # After the name, which may hold anything; utime and stime are fields 14 and 15 of proc_pid_stat(5).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return None


def _as_json(now: list[Told], watch: bool) -> str:
    return json.dumps(now, indent=None if watch else 2) + "\n"


def _as_text(now: list[Told], folder: Path, watch: bool) -> str:
    text = "\n\n".join("\n".join(table(told)) for told in now) or f"No server runs with the files in {folder.parent}."
    return f"{CLEAR if watch and sys.stdout.isatty() else ''}{text}\n"


def table(told: Told) -> Iterator[str]:
    """A server in lines of 80 columns at most."""
    where = ", ".join(told["listens"])
    yield f"Inkwell at {where}: {_ready(told)} of {told['wanted']} workers ready"[:80]
    if (silent := time.time() - told["at"]) > SILENT_SECONDS:
        yield f"The arbiter has said nothing for {_long(silent)}: what follows is as old."
    yield ""
    yield COLUMNS.format("process", "", "age", "memory", "cpu", "busy", "requests", "median", "p95", "cache")
    yield _row(told, "arbiter", "", "", "", "", "").rstrip()
    for worker in told["workers"]:
        yield _row(worker, worker["state"], *_work(worker))
    yield ""
    reasons = sorted(told["ends"].items(), key=lambda each: -each[1])
    yield f"Workers that ended: {sum(told['ends'].values())}; reloads: {told['reloads']}"
    yield from (f"{count:>8}  {why}" for why, count in reasons)
    if told["recent"]:
        yield "The latest:"
    for end in reversed(told["recent"][-4:]):
        yield f"{end['pid']:>8}  {_long(time.time() - end['at'])} ago: {end['why']}"


def _row(process: Told, state: str, *work: str) -> str:
    age, memory, cpu = time.time() - process["begun"], process["memory"], process["cpu"]
    known = "-" if memory is None else _large(memory, "B"), "-" if cpu is None else f"{cpu:.0%}"
    return COLUMNS.format(process["pid"], state, _long(age), *known, *work)


def _work(worker: Told) -> tuple[str, ...]:
    reads = worker["hits"] + worker["misses"]
    return (
        f"{worker['busy']:.0f}/{worker['threads']}",
        _large(worker["requests"]),
        *(_short(worker[name]) for name in ("median", "p95")),
        f"{worker['hits'] / reads:.0%}" if reads else "-",
    )


def _ready(told: Told) -> int:
    return len([worker for worker in told["workers"] if worker["state"] == "ready"])


def _long(seconds: float) -> str:
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(0, seconds):.0f} s"


def _large(number: float, unit: str = "") -> str:
    for size, prefix in ((1e9, "G"), (1e6, "M")):
        if number >= 10 * size or (number >= size and unit):
            return f"{number / size:.0f} {prefix}{unit}"
    return f"{number:,.0f} {unit}".rstrip()


def _short(seconds: float) -> str:
    if not seconds:
        return "-"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.{int(seconds < 0.01)}f} ms"
