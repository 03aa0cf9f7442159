"""What this process uses of the machine: its cores, as a container or an operator limits them, and its memory."""

import ctypes
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Of mallopt(3).
M_ARENA_MAX = -8


def use_one_heap() -> None:
    """Have all threads of this process take memory from one heap; before it has a second thread.

    glibc gives each a heap of its own, and what threads free in one another's goes back to nobody.
    """
    # No other C library has that, nor heaps for threads.
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def usable_cores(root: Path = Path("/")) -> int:
    """The cores that are ours, a part of one counted as one: by the system's affinity and by the cgroup's quota."""
    return max(1, min([_cores(), *map(math.ceil, _quotas(root))]))


def _cores() -> int:
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The limit of each group that we are in, in cores: cgroup v2's `cpu.max`, or v1's quota and period."""
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                mount = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
                group = mount / path.lstrip("/")
                # A container sees its own group as the root of all, whatever its path says.
                for folder in (group, *group.parents):
                    if folder.is_relative_to(mount):
                        yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        # No limit is `max` or -1.
        with suppress(OSError, ValueError):
            quota, period = map(int, " ".join((folder / name).read_text() for name in names).split())
            if quota > 0 < period:
                yield quota / period
