"""What a request that costs nothing waits for one that costs CPU: `python -m benchmarks.offload`, half a minute.

The hash runs without a pause in a thread of the same worker, in a process beside it, or in another worker.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from time import monotonic, perf_counter
from urllib.parse import urlsplit

from benchmarks.experiment import hash_rounds, keep, machine, serving
from dev.bench.figures import Spread
from dev.bench.pictures import Bar, bars

SECONDS = 5.0
PATIENCE = 60


def main() -> int:
    where, rounds = machine(), hash_rounds()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), 1, rounds) as here,
        serving(Path(folder), 1, rounds) as other,
    ):
        took = {
            "nothing else": beside(here, ""),
            "a hash in another worker": beside(here, f"{other}/hash"),
            "a hash in a process of a pool": beside(here, f"{here}/hash/pool"),
            "a hash in its worker's thread": beside(here, f"{here}/hash"),
        }
    shown = [Bar(name, "ours", Spread(p(50, times), min(times), p(99, times))) for name, times in took.items()]
    keep({"offload": bars("A cheap request beside a hash of 0.5 s", f"Median, least and p99; {where}", shown, "ms")})
    print(where)
    print("| meanwhile | requests | p50 ms | p90 ms | p99 ms | slowest ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, times in took.items():
        told = " | ".join(f"{each:,.1f}" for each in (p(50, times), p(90, times), p(99, times), max(times)))
        print(f"| {name} | {len(times):,} | {told} |")
    return 0


def beside(cheap: str, dear: str) -> list[float]:
    """How many milliseconds each cheap request took, one by one, while the dear one is asked for all the time."""
    stop = Event()
    thread = Thread(target=repeat, args=(asker(dear), stop)) if dear else None
    if thread:
        thread.start()
        # The pool's process has to start, once.
        asker(dear)()
    took: list[float] = []
    ask, until = asker(f"{cheap}/cheap"), monotonic() + SECONDS
    while monotonic() < until:
        began = perf_counter()
        ask()
        took.append((perf_counter() - began) * 1000)
    stop.set()
    if thread:
        thread.join()
    return took


def repeat(ask: Callable[[], None], stop: Event) -> None:
    while not stop.is_set():
        ask()


def asker(url: str) -> Callable[[], None]:
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)

    def ask() -> None:
        # A connection that the server has closed meanwhile is opened anew.
        with suppress(HTTPException, ConnectionError):
            connection.request("GET", parts.path)
            if connection.getresponse().read():
                return
        connection.close()

    return ask


def p(percent: int, took: list[float]) -> float:
    return quantiles(took, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
