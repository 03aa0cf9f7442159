"""The harness as somebody takes it: its folder, copied beside an app."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT


def beside(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder, with the harness and these files in it."""
    shutil.copytree(ROOT / "tests/forge", folder / "forge", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder
