"""The lock files: renewing them, and finding out whether they are stale."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev.arguments import Parser
from dev.bench.packages import PEERS_LOCK
from dev.bootstrap import DEV_LOCK, LOCK, VENV, index_settings, prepare
from dev.steps import ROOT, SetupError, step

# What makes the wheel, for the image alone.
BUILD_LOCK = ROOT / "deploy" / "build.lock"
UV = str(VENV / "bin" / "uv")
FLAGS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header")
PROJECT = "pyproject.toml"
# What bin/bench compares the blog with is held to the blog's own versions of what they share.
INPUTS = {
    LOCK: (PROJECT,),
    DEV_LOCK: (PROJECT, "--group", "dev", "-c", LOCK.name),
    BUILD_LOCK: (str(BUILD_LOCK.with_name("build.in").relative_to(ROOT)), "-c", DEV_LOCK.name),
    PEERS_LOCK: (str(PEERS_LOCK.with_name("requirements.in").relative_to(ROOT)), "-c", LOCK.name),
}


def renew(arguments: list[str]) -> int:
    options = parsed(arguments)
    prepare(DEV_LOCK)
    compile_locks({lock: lock for lock in INPUTS}, ["--upgrade"] if options.upgrade else [])
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/lock", "Makes the lock files fit what they are made of, and changes no more than it asks for.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    return parser.parse_args(arguments)


def complaint() -> str:
    """What is wrong with the lock files, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copies = {lock: Path(shutil.copy(lock, folder)) for lock in INPUTS}
        try:
            compile_locks(copies, [])
        except SetupError as error:
            return str(error)
        stale = [lock.name for lock, copy in copies.items() if copy.read_bytes() != lock.read_bytes()]
    return f"Stale: {' and '.join(stale)}. bin/lock makes them fit again." if stale else ""


def compile_locks(outputs: Mapping[Path, Path], arguments: list[str]) -> None:
    # From the index alone: uv lists the files of a version as the first source has them, and an extra index or a folder
    # may have them for one kind of machine only.
    environment = os.environ | index_settings()
    for lock, inputs in INPUTS.items():
        command = [UV, "pip", "compile", *FLAGS, *inputs, *arguments, "-o", str(outputs[lock])]
        step(f"Resolving {lock.name}", command, env=environment)
