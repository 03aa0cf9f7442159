"""The command that repeats a failure: the worker's tests up to it, in their order, with their seed, in one process."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# What a test runs in; what it is chosen by is the list of tests itself.
KEPT = ("--base-url", "--browser", "--browser-channel", "--device", "--connect")
SCRIPT = """\
#!/bin/sh
# The tests that one process ran up to the one that failed, which is the last: again, in that order. Any arguments are
# pytest's: --headed, --pdb, or -k with the failing test's name to run it alone.
here=$(cd "$(dirname "$0")" && pwd) || exit
cd "$here"/{root} || exit
exec {command} \\
{arguments} \\
    --output="$here/again" "$@"
"""


def repeat_script(config: pytest.Config, folder: Path, tests: Sequence[str]) -> str:
    root = os.path.relpath(config.rootpath, folder)
    options = ["-n0"] if config.pluginmanager.hasplugin("xdist") else []
    if config.pluginmanager.hasplugin("randomly"):
        options += ["--randomly-dont-reorganize", f"--randomly-seed={config.getoption('randomly_seed')}"]
    for name in KEPT:
        given = config.getoption(name, None)
        options += [f"{name}={value}" for value in (given if isinstance(given, list) else [given]) if value]
    arguments = [*options, "--in-order", *tests]
    return SCRIPT.format(
        root=shlex.quote(root),
        command=_command(config.rootpath),
        arguments=" \\\n".join(f"    {shlex.quote(each)}" for each in arguments),
    )


def _command(root: Path) -> str:
    """How this run was started, as far as somebody elsewhere can start it so: without this machine's paths."""
    if told := os.environ.get("FORGE_COMMAND"):
        return told
    python = Path(sys.executable)
    named = str(python.relative_to(root)) if python.is_relative_to(root) else "python"
    browser = os.environ.get("FORGE_BROWSER")
    chosen = f'env FORGE_BROWSER="${{FORGE_BROWSER:-{browser}}}" ' if browser else ""
    return f"{chosen}{shlex.quote(named)} -m pytest"


def put_in_order(items: list[pytest.Item], names: Sequence[str]) -> None:
    """As the names were given, whatever the scopes of fixtures would make of it; others come after."""
    places = {name: place for place, name in enumerate(names)}
    items.sort(key=lambda item: places.get(item.nodeid, len(places)))
