"""`bin/run`: the blog with a sign-in provider beside it, on this machine only."""

import argparse
import contextlib
import errno
import re
import secrets
import socket
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from app.migrations.revisions import revisions
from dev import bootstrap
from dev.bootstrap import LOCK, PYTHON, prepare
from dev.processes import Processes
from dev.steps import ROOT, SetupError, step

PROVIDER_PORTS = range(9400, 9500)
PATIENCE_SECONDS = 60
APP = ROOT / "app"


def run(arguments: list[str]) -> int:
    environment = bootstrap.environment()
    settings = dotenv() | environment
    options = parsed(arguments, settings.get("PORT") or "8000")
    # Taken before anything slow is done, and kept: who connects early is answered as soon as the blog is up.
    listeners = listen(options.port)
    prepare(LOCK)

    environment["PORT"] = str(options.port)
    environment["BASE_URL"] = settings.get("BASE_URL") or f"http://localhost:{options.port}"
    instance = ROOT / (settings.get("INSTANCE_DIR") or "instance")
    migrate(environment, None if settings.get("DATABASE_URL") else instance / "inkwell.db")
    processes = Processes()
    try:
        if not settings.get("OIDC_CLIENT_ID"):
            start_provider(processes, environment, instance)
        start_blog(processes, environment, listeners, reload=options.reload)
        wait_for_health(processes, options.port)
        print(announcement(options.port, settings, environment.get("OIDC_ISSUER", "")), flush=True)
        while True:
            time.sleep(0.2)
            processes.check()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    finally:
        processes.stop()


def dotenv() -> dict[str, str]:
    """Enough of `.env` to know what to start. The blog reads the file itself."""
    with contextlib.suppress(FileNotFoundError):
        text = (ROOT / ".env").read_text()
        lines = re.findall(r"""^(?:export +)?(\w+) *= *["']?(.*?)["']? *(?: #.*)?$""", text, re.MULTILINE)
        return {name.upper(): value for name, value in lines}
    return {}


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SetupError(f"{self.prog}: {message}")


def parsed(arguments: list[str], default_port: str) -> argparse.Namespace:
    parser = Parser(
        prog="bin/run", description="Serves the blog on this machine, and prepares whatever it needs first."
    )
    parser.add_argument("--port", type=port_number, default=default_port, help="default: PORT, else 8000")
    parser.add_argument("--reload", action="store_true", help="start anew when a file of the blog changes")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def listen(port: int) -> list[socket.socket]:
    """On both loopback addresses, since browsers take `localhost` to be either."""
    with contextlib.ExitStack() as opened:
        found = [listen_on(address, port, opened) for address in ("127.0.0.1", "::1")]
        listeners = [listener for listener in found if listener]
        if not listeners:
            raise SetupError("This machine has no loopback address to listen on.")
        opened.pop_all()
    return listeners


def listen_on(address: str, port: int, opened: contextlib.ExitStack) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return opened.enter_context(socket.create_server((address, port), family=family, backlog=512))
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        other = f"choose another: bin/run --port {port + 1 if port < 65535 else 8000}"
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"Port {port} is taken; {other}") from None
        raise SetupError(f"Port {port} cannot be used ({error.strerror}); {other}") from None


def migrate(environment: Mapping[str, str], embedded: Path | None) -> None:
    if embedded and is_current(embedded):
        return
    with bootstrap.alone():
        # Two starts at once would otherwise both make the same tables.
        if not (embedded and is_current(embedded)):
            step("Preparing the database", [PYTHON, "-m", "alembic", "upgrade", "head"], env=environment)


def is_current(database: Path) -> bool:
    """Alembic would take as long to find this out as the blog takes to start."""
    _, latest = revisions(APP / "migrations" / "versions")
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(database)) as connection, contextlib.suppress(sqlite3.Error):
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")} == latest
    return False


def start_provider(processes: Processes, environment: dict[str, str], instance: Path) -> None:
    with provider_socket(instance) as listener:
        environment["OIDC_ISSUER"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment["OIDC_CLIENT_ID"] = "inkwell"
        environment["OIDC_CLIENT_SECRET"] = secrets.token_hex(16)
        flags = {
            "fd": str(listener.fileno()),
            "client-id": environment["OIDC_CLIENT_ID"],
            "client-secret": environment["OIDC_CLIENT_SECRET"],
            "redirect-uri": environment["BASE_URL"].rstrip("/") + "/auth/google/callback",
        }
        command = [PYTHON, "-m", "dev.provider", *(f"--{name}={value}" for name, value in flags.items())]
        processes.start("sign-in provider", command, env=environment, pass_fds=[listener.fileno()])


def provider_socket(instance: Path) -> socket.socket:
    """On the same port every time if it can be: to the blog, a person is the issuer's address and a name there."""
    file = instance / "provider-port"
    remembered = file.read_text() if file.exists() else ""
    for port in (*map(int, remembered.split()), *PROVIDER_PORTS):
        with contextlib.suppress(OSError):
            listener = socket.create_server(("127.0.0.1", port))
            if not remembered:
                instance.mkdir(parents=True, exist_ok=True)
                file.write_text(str(port))
            return listener
    raise SetupError(f"The sign-in provider finds no free port from {PROVIDER_PORTS[0]} to {PROVIDER_PORTS[-1]}.")


def start_blog(
    processes: Processes, environment: Mapping[str, str], listeners: list[socket.socket], *, reload: bool
) -> None:
    binds = [f"--bind=fd://{listener.fileno()}" for listener in listeners]
    watched = [path for suffix in ("html", "css", "js") for path in APP.rglob(f"*.{suffix}")] if reload else []
    reloading = ["--reload", *(f"--reload-extra-file={path}" for path in watched)] if reload else []
    command = [PYTHON, "-m", "gunicorn", *binds, *reloading, "wsgi:app"]
    processes.start("blog", command, env=environment, pass_fds=[listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()


def wait_for_health(processes: Processes, port: int) -> None:
    question = f"GET /healthz HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n".encode()
    deadline = time.monotonic() + PATIENCE_SECONDS
    answer = b""
    while b" 200 " not in answer.partition(b"\r\n")[0]:
        processes.check()
        if time.monotonic() > deadline:
            raise SetupError(
                f"The blog did not answer http://localhost:{port}/healthz within {PATIENCE_SECONDS} seconds."
            )
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(question)
            answer = connection.recv(1024)
        time.sleep(0.01)


def announcement(port: int, settings: Mapping[str, str], local_issuer: str) -> str:
    """What is embedded, and what is the person's own."""
    rows = {
        "database": own(settings, "DATABASE_URL") or "SQLite",
        "sign-in": own(settings, "OIDC_CLIENT_ID") or f"a local provider with made-up people, {local_issuer}",
        "images": own(settings, "S3_BUCKET") or "files on this disk",
        "cache": own(settings, "REDIS_URL") or "the server's memory",
    }
    lines = [f"  {name:10}{what}" for name, what in rows.items()]
    return "\n".join([f"The blog is at http://localhost:{port}", *lines, "Ctrl-C stops it."])


def own(settings: Mapping[str, str], name: str) -> str:
    return f"yours, by {name}" if settings.get(name) else ""
