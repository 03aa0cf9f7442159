"""The lock files: renewing them, and finding out whether they are stale."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from dev.arguments import Parser
from dev.bootstrap import DEV_LOCK, LOCK, VENV, index_settings, prepare
from dev.steps import ROOT, SetupError, step

UV = str(VENV / "bin" / "uv")
FLAGS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "pyproject.toml")
DEV = ("--group", "dev", "-c", LOCK.name)


def renew(arguments: list[str]) -> int:
    options = parsed(arguments)
    prepare(DEV_LOCK)
    compile_locks(ROOT, ["--upgrade"] if options.upgrade else [])
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/lock", "Makes the lock files fit pyproject.toml, and changes no more than it asks for.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    return parser.parse_args(arguments)


def complaint() -> str:
    """What is wrong with the lock files, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for lock in (LOCK, DEV_LOCK):
            shutil.copy(lock, folder)
        try:
            compile_locks(Path(folder), [])
        except SetupError as error:
            return str(error)
        stale = [lock.name for lock in (LOCK, DEV_LOCK) if (Path(folder) / lock.name).read_bytes() != lock.read_bytes()]
    return f"Stale: {' and '.join(stale)}. bin/lock makes them fit pyproject.toml again." if stale else ""


def compile_locks(folder: Path, arguments: list[str]) -> None:
    # From the index alone: uv lists the files of a version as the first source has them, and an extra index or a folder
    # may have them for one kind of machine only.
    environment = os.environ | index_settings()
    for lock, more in ((LOCK, ()), (DEV_LOCK, DEV)):
        command = [UV, "pip", "compile", *FLAGS, *more, *arguments, "-o", str(folder / lock.name)]
        step(f"Resolving {lock.name}", command, env=environment)
