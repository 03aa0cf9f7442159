"""How many cores a process may use, on machines that are folders."""

import os
from pathlib import Path

import pytest

from app.machine import usable_cores

CORES = 16


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose machine has many."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(CORES)), raising=False)


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": group, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


class TestAProcess:
    def test_of_no_group_may_use_all_that_it_is_let_run_on(self, tmp_path: Path) -> None:
        assert usable_cores(tmp_path) == CORES

    @pytest.mark.parametrize(
        ("group", "files", "cores"),
        [
            pytest.param("0::/", {"sys/fs/cgroup/cpu.max": "200000 100000"}, 2, id="in a container"),
            pytest.param("0::/", {"sys/fs/cgroup/cpu.max": "150000 100000"}, 2, id="with a part of a core"),
            pytest.param("0::/", {"sys/fs/cgroup/cpu.max": "10000 100000"}, 1, id="with less than a core"),
            pytest.param("0::/", {"sys/fs/cgroup/cpu.max": "max 100000"}, CORES, id="in a container without a limit"),
            pytest.param("0::/", {"sys/fs/cgroup/cpu.max": "nonsense"}, CORES, id="with a limit that nobody can read"),
            pytest.param("0::/a/b", {"sys/fs/cgroup/a/b/cpu.max": "300000 100000"}, 3, id="of a service"),
            pytest.param(
                "0::/a/b",
                {"sys/fs/cgroup/a/b/cpu.max": "max 100000", "sys/fs/cgroup/a/cpu.max": "400000 100000"},
                4,
                id="in a group that has the limit",
            ),
            pytest.param(
                "4:cpu,cpuacct:/docker/1",
                {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
                2,
                id="in a container with cgroups of the first version",
            ),
            pytest.param(
                "4:cpu,cpuacct:/",
                {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
                CORES,
                id="and without a limit in those",
            ),
        ],
    )
    def test_may_use_what_its_groups_let_it(
        self, tmp_path: Path, group: str, files: dict[str, str], cores: int
    ) -> None:
        assert usable_cores(machine(tmp_path, group, files)) == cores

    def test_may_use_no_more_than_it_is_let_run_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
        assert usable_cores(machine(tmp_path, "0::/", {"sys/fs/cgroup/cpu.max": "400000 100000"})) == 1
