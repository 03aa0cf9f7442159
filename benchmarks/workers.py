"""How many workers two cores want: `python -m benchmarks.workers`, three minutes.

1, 2, 4 and 6 workers of eight threads, asked on eight connections for a hash of half a second, and for next to nothing.
Three rounds; told is the best of each, which was disturbed least.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.experiment import Load, hash_rounds, keep, load, machine, serving
from dev.bench.pictures import curves

WORKERS = (1, 2, 4, 6)
CONNECTIONS = 8
# The hashes come last: those that nobody waits for any more are computed to their end all the same.
SECONDS = {"/cheap": 2, "/hash": 12}
ROUNDS = 3


def main() -> int:
    where, rounds = machine(), hash_rounds()
    measured: dict[str, dict[int, Load]] = {path: {} for path in SECONDS}
    with tempfile.TemporaryDirectory() as folder:
        for workers in WORKERS * ROUNDS:
            with serving(Path(folder), workers, rounds) as url:
                load(f"{url}/cheap", 1, CONNECTIONS)
                for path, seconds in SECONDS.items():
                    found = load(f"{url}{path}", seconds, CONNECTIONS)
                    best = measured[path].get(workers, found)
                    measured[path][workers] = max(best, found, key=lambda each: each.per_second)
    keep(drawn(measured, where))
    print(where)
    return report(measured)


def drawn(measured: dict[str, dict[int, Load]], where: str) -> dict[str, str]:
    rate = {
        name: {workers: found.per_second for workers, found in measured[path].items()}
        for name, path in (("cheap", "/cheap"), ("a hash of 0.5 s", "/hash"))
    }
    took = {
        "hash, slowest": {workers: found.slowest for workers, found in measured["/hash"].items()},
        "cheap, slowest": {workers: found.slowest for workers, found in measured["/cheap"].items()},
        "cheap, median": {workers: found.p50 for workers, found in measured["/cheap"].items()},
    }
    return {
        "workers": curves("Requests per second by workers", f"Eight connections; {where}", rate, "/s", WORKERS),
        "workers-latency": curves("How long they took by workers", f"Eight connections; {where}", took, "ms", WORKERS),
    }


def report(measured: dict[str, dict[int, Load]]) -> int:
    print("| request | workers | requests/s | p50 ms | p90 ms | p99 ms | slowest ms |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    wrong = 0
    for path, loads in measured.items():
        for workers, found in loads.items():
            wrong += found.wrong
            times = " | ".join(f"{each:,.1f}" for each in (found.p50, found.p90, found.p99, found.slowest))
            print(f"| `{path}` | {workers} | {found.per_second:,.1f} | {times} |")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
