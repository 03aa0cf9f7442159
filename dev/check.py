"""`bin/test` and `bin/check`: everything that must hold before a merge."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dev import locks
from dev.arguments import asks_for_help
from dev.bootstrap import DEV_LOCK, PYTHON, VENV, environment, prepare
from dev.steps import ROOT, SetupError, say
from dev.tools import WITH_WINDOW, WITHOUT_WINDOW, require_display, tools
from tests.forge.processes import watcher

# With these, several processes would be no use or in the way.
ALONE = {"--numprocesses", "--pdb", "--collect-only", "--co", "--version", "no:xdist"}
POSTGRES = "--postgres"
BOTH_DATABASES = "both_databases"
# The results of the whole suite, which comes after it, are not to be mixed with these.
ON_POSTGRES_OUTPUT = "test-results-on-postgresql"
WITHOUT_INSPECTOR = ("", "0", "false", "console")

TEST_HELP = """\
bin/test [--postgres] [pytest's arguments]   runs the tests, and prepares whatever they need first
  --postgres        on a PostgreSQL server of their own, which is gone afterwards
  tests/e2e         only what is in that folder, file or file::Class::test
  -k login          only those with that in their name; --headed shows the browser
  --fast            leave out what needs a browser or another program; -x stops at the first failure
  --changed[=REF]   only what a change since main (or REF) can reach, as far as that is seen
  --shard 2/5       the second of five parts; --repeat-each 5 runs each test five times
  --base-url URL    against a site that is deployed there; the README says what it needs
Everything else is pytest's: .venv/bin/python -m pytest --help"""
CHECK_HELP = """\
bin/check [pytest's arguments]   runs what CI runs: format, lint, types, lock files, then bin/test
Without arguments, the tests that both databases must pass are run on PostgreSQL first.
It has no options of its own; bin/test --help says what the tests take."""


def test(arguments: list[str]) -> int:
    if asks_for_help(arguments):
        print(TEST_HELP)
        return 0
    kind = WITH_WINDOW if shows_a_window(arguments) else WITHOUT_WINDOW
    if kind.windowed:
        require_display()
    prepare(DEV_LOCK)
    settings = environment() | tools(kind)
    rest = [argument for argument in arguments if argument != POSTGRES]
    # How a failing test says that it is repeated.
    settings["FORGE_COMMAND"] = f"bin/test {POSTGRES}" if POSTGRES in arguments else "bin/test"
    with database(POSTGRES in arguments) as database_settings:
        return pytest([*in_parallel(rest), *rest], settings | database_settings)


@contextlib.contextmanager
def database(wanted: bool) -> Iterator[dict[str, str]]:
    if not wanted:
        yield {}
        return
    from dev.postgres import postgres

    with postgres() as url:
        yield {"DATABASE_URL": url}


def shows_a_window(arguments: list[str]) -> bool:
    """By pytest-playwright's option, or by the variable with which Playwright opens its inspector."""
    return "--headed" in arguments or os.environ.get("PWDEBUG", "") not in WITHOUT_INSPECTOR


def in_parallel(arguments: list[str]) -> list[str]:
    if shows_a_window(arguments):
        return []
    for argument in arguments:
        if argument.startswith("-n") or argument.partition("=")[0] in ALONE:
            return []
    # Each process has a part of its own, whose tests share what is slow to set up, and takes of another's when done.
    return ["-n", str(os.cpu_count() or 1), "--dist", "worksteal"]


def pytest(arguments: list[str], settings: dict[str, str]) -> int:
    process = subprocess.Popen([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, env=settings)
    # Without us nobody reads its report; its servers end with it.
    watching = watcher(process, signal.SIGTERM)
    # The terminal tells pytest about Ctrl-C as well, and it ends with a report worth waiting for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    watching.communicate(b"stopped\n")
    return code if code >= 0 else 128 - code


def check(arguments: list[str]) -> int:
    """The tests come last, so that their closing line is the last line."""
    if asks_for_help(arguments):
        print(CHECK_HELP)
        return 0
    prepare(DEV_LOCK)
    ruff = VENV / "bin" / "ruff"
    steps: dict[str, Callable[[], str]] = {
        "format": lambda: complaint(ruff, "format", "--check", "--diff"),
        "lint": lambda: complaint(ruff, "check"),
        "types": lambda: complaint(PYTHON, "-m", "mypy"),
        "locks": locks.complaint,
    }
    failed = [name for name, find in steps.items() if not passes(name, find)]
    if failed:
        print(f"Failed: {', '.join(failed)}. The tests run all the same.", flush=True)
    code = 0 if arguments else on_postgres()
    return test(arguments) or code or int(bool(failed))


def on_postgres() -> int:
    """Run what both databases must pass on PostgreSQL, where there is one, in a process with signals of its own."""
    from dev.postgres import programs

    try:
        programs()
    except SetupError:
        say("There is no PostgreSQL, and none can be installed here: the tests are run on SQLite alone.\n")
        return 0
    print("On PostgreSQL:", flush=True)
    command = [str(ROOT / "bin" / "test"), POSTGRES, "-q", "-m", BOTH_DATABASES, "--output", ON_POSTGRES_OUTPUT]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print("All tests:", flush=True)
    return code if code >= 0 else 128 - code


def passes(name: str, find: Callable[[], str]) -> bool:
    started = time.monotonic()
    found = find()
    print(f"{name:8}{'FAILED' if found else 'ok':8}{time.monotonic() - started:.1f} s", flush=True)
    if found:
        print(found, flush=True)
    return not found


def complaint(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or "It failed without a word." if done.returncode else ""
