"""A disk for a test to fill: of memory, in a mount namespace that asks for no rights on this machine."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNSHARED = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
ROOMY = 'mount -t tmpfs -o size=4m none "$1" && cp -R "$0/." "$1" && shift && exec "$@"'
FULL = """
mount -t tmpfs -o size=128k none "$1" && cp -R "$0/." "$1" || exit
cat /dev/zero >"$1/filler" 2>/dev/null
mount --bind "$1" /var/tmp && mount --bind "$1" /tmp && cd /tmp && shift && exec "$@"
"""


def on_a_small_disk(prepared: Path, disk: Path, command: list[str]) -> list[str]:
    """That command, seeing at `disk` a disk of 4 MB with a copy of what is prepared."""
    return _mounting(ROOMY, prepared, disk, command)


def on_a_full_disk(prepared: Path, disk: Path, command: list[str]) -> list[str]:
    """The same, on a disk without room, which holds the temporary folders too."""
    if ROOT.is_relative_to("/tmp") or ROOT.is_relative_to("/var/tmp"):  # noqa: S108
        pytest.skip("The code is in a temporary folder itself")
    return _mounting(FULL, prepared, disk, command)


def _mounting(script: str, prepared: Path, disk: Path, command: list[str]) -> list[str]:
    with suppress(FileNotFoundError):
        tried = subprocess.run([*UNSHARED, 'mount -t tmpfs none "$0"', disk], capture_output=True, check=False)
        if tried.returncode == 0:
            return [*UNSHARED, script, str(prepared), str(disk), *command]
    pytest.skip("This machine lets nobody mount a disk for a test")
