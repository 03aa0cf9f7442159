"""Kill processes at random moments while they fill the disk cache, and check every byte that the others read.

python -m benchmarks.disk_cache_kills [--kills 200] [--reads 10000]
"""

import argparse
import sys
import time

from tests.unit.images.killed_readers import MAX_BYTES, outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--reads", type=int, default=10_000)
    wanted = parser.parse_args()
    began = time.monotonic()
    found = outcome(wanted.kills, wanted.reads)
    seconds = time.monotonic() - began
    print(f"{wanted.kills} kills, {found.right} right bodies, {found.wrong} wrong, {seconds:.0f} s")
    print(f"{found.fetches} fetches; {found.bad_entries} bad entries left; {found.bytes:,} of {MAX_BYTES:,} bytes used")
    return 1 if found.wrong or found.bad_entries or found.bytes > MAX_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
