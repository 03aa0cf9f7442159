"""A PostgreSQL server for one run of the tests, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dev.processes import Processes
from dev.steps import SetupError, step
from dev.tools import apt_install

LOOPBACK = "127.0.0.1"
PROGRAMS = ("initdb", "postgres", "pg_isready")
# Nothing here has to survive a power cut. A socket file's path might be too long, so there is none.
SETTINGS = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("unix_socket_directories=", "log_min_messages=fatal", "max_connections=200"),
)


@contextlib.contextmanager
def postgres(host: str = LOOPBACK) -> Iterator[str]:
    """The URL of an empty database, for anyone on this machine, or in the network of `host`, as long as it lasts."""
    folder = programs()
    processes = Processes()
    with tempfile.TemporaryDirectory(prefix="inkwell-postgres-", ignore_cleanup_errors=True) as name:
        try:
            port = start(processes, folder, Path(name), host)
            yield f"postgresql+psycopg://inkwell@{host}:{port}/postgres"
        finally:
            processes.stop()


def programs() -> Path:
    """The folder of PostgreSQL's programs, which are installed if they can be. Raises SetupError."""
    return found() or installed()


def found() -> Path | None:
    on_path = [Path(program).resolve().parent for program in [shutil.which("postgres")] if program]
    debians = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    brews = sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)
    folders = [*on_path, *debians, *brews]
    return next((folder for folder in folders if all((folder / name).exists() for name in PROGRAMS)), None)


def installed() -> Path:
    if shutil.which("brew"):
        step("Installing PostgreSQL", ["brew", "install", "--quiet", "postgresql@17"])
    else:
        apt_install("Installing PostgreSQL", "postgresql")
    if folder := found():
        return folder
    raise SetupError("PostgreSQL's initdb, postgres and pg_isready must be on PATH for --postgres.")


def start(processes: Processes, programs: Path, folder: Path, host: str = LOOPBACK) -> str:
    account = unprivileged_account()
    if account:
        os.chown(folder, account["user"], account["group"])
    initdb, server, is_ready = (str(programs / name) for name in PROGRAMS)
    data, port = str(folder / "data"), free_port()
    flags = ["--username", "inkwell", "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
    step("Preparing PostgreSQL", [initdb, "--pgdata", data, *flags], cwd=folder, **account)
    if host != LOOPBACK:
        with Path(data, "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {host}/24 trust\n")
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    command = [server, "-D", data, "-h", host, "-p", port, *settings]
    # By SIGTERM it would wait for whoever is still connected.
    processes.start("database server", command, stop_signal=signal.SIGINT, leftover=folder, cwd=folder, **account)
    question = [is_ready, "--quiet", "-h", host, "-p", port, "-U", "inkwell", "-d", "postgres"]
    while subprocess.run(question, check=False).returncode:
        processes.check()
        time.sleep(0.05)
    return port


def unprivileged_account() -> dict[str, Any]:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise SetupError("PostgreSQL refuses to be run by root, and there is neither a user postgres nor nobody.")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
