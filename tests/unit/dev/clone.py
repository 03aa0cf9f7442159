"""A clone of the project with small lock files, on a machine where only what a test says configures pip."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# The Python that the tests' own environment was made of: that one has no pip, and this one usually has.
BASE = str(Path(sys.executable).resolve())
UV = Path(sys.executable).with_name("uv")


class Clone:
    def __init__(self, folder: Path) -> None:
        self.root, self.home, self.bin = folder / "clone", folder / "home", folder / "bin"
        for name in ("app", "bin", "dev", "tests/forge"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.bin.mkdir()
        self.python = str(self.root / ".venv" / "bin" / "python")
        for name in ("sh", "dirname"):
            (self.bin / name).symlink_to(str(shutil.which(name)))
        # Where its index is not found, nothing goes out and asks the public one.
        nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost", "UV_HTTP_RETRIES": "0"}
        self.environment = {"HOME": str(self.home), "PATH": str(self.bin), **nowhere}

    def program(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def configure_pip(self, text: str) -> None:
        file = self.home / ".config" / "pip" / "pip.conf"
        file.parent.mkdir(parents=True)
        file.write_text(f"[global]\n{text}\n")

    def write(self, file: str, *lines: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text("".join(lines))

    def prepare(self, python: str, lock: str = "requirements.lock") -> None:
        """As the commands do it first of all, on the given Python."""
        self._ask(python, f"from dev.bootstrap import *; prepare(ROOT / {lock!r})")

    def settings_for_uv(self) -> dict[str, str]:
        code = "import json; from dev.bootstrap import *; print(json.dumps(index_settings() | source_settings()))"
        settings: dict[str, str] = json.loads(self._ask(BASE, code))
        return settings

    def renew_locks(self) -> None:
        self._run("/bin/sh", "dev/start.sh", "lock")

    def installed(self) -> set[str]:
        return {file.stem for file in self.root.glob(".venv/lib/python*/site-packages/*")}

    def _ask(self, python: str, code: str) -> str:
        return self._run(python, "-c", code)

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)

    def _run(self, *command: str) -> str:
        done = self.ask(*command)
        assert done.returncode == 0, done.stderr
        return done.stdout


def run(program: str | Path) -> str:
    """The line of a script that hands over to another program."""
    return f'exec {shlex.quote(str(program))} "$@"'


def skip_without_pip() -> None:
    if subprocess.run([BASE, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{BASE} has no pip")
