"""`bin/run`: the blog with a sign-in provider beside it, on this machine only."""

import argparse
import contextlib
import errno
import secrets
import socket
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.migrations.revisions import revisions
from dev import bootstrap
from dev.arguments import Parser
from dev.bootstrap import LOCK, PYTHON, prepare
from dev.processes import Processes
from dev.served import PROVIDER_PORT, loaded, noted
from dev.steps import ROOT, SetupError, step

if TYPE_CHECKING:
    from app.config import Settings

PROVIDER_PORTS = range(9400, 9500)
PATIENCE_SECONDS = 60
ANSWER_SECONDS = 1
APP = ROOT / "app"


def run(arguments: list[str]) -> int:
    options = parsed(arguments)
    prepare(LOCK)
    bootstrap.continue_in_environment()
    settings = loaded(options.port)
    environment = bootstrap.environment() | {
        "APP_ENV": settings.app_env,
        "PORT": str(settings.port),
        "BASE_URL": settings.base_url,
    }
    listeners = listen(settings.port)
    migrate(environment, settings)
    processes = Processes()
    try:
        with noted(settings) as note:
            local_issuer = "" if settings.oidc_client_id else start_provider(processes, environment, settings)
            start_blog(processes, environment, listeners, note, reload=options.reload)
            wait_for_health(processes, settings.port)
            print(announcement(settings, local_issuer), flush=True)
            while True:
                time.sleep(0.2)
                processes.check()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    finally:
        processes.stop()


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/run", "Serves the blog on this machine, and prepares whatever it needs first.")
    parser.add_argument("--port", type=port_number, help="default: PORT, else 8000")
    parser.add_argument("--reload", action="store_true", help="start anew when a file of the blog changes")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def listen(port: int) -> list[socket.socket]:
    """Sockets on both loopback addresses, since browsers take `localhost` to be either."""
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


def migrate(environment: Mapping[str, str], settings: "Settings") -> None:
    if is_current(settings.database_url):
        return
    with bootstrap.alone():
        # Two starts at once would otherwise both make the same tables.
        if not is_current(settings.database_url):
            step("Preparing the database", [PYTHON, "-m", "alembic", "upgrade", "head"], env=environment)


def is_current(database_url: str) -> bool:
    """Alembic would take as long to find this out as the blog takes to start. Of PostgreSQL, only Alembic knows."""
    _, latest = revisions(APP / "migrations" / "versions")
    database = Path(database_url.removeprefix("sqlite:///"))
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(database)) as connection, contextlib.suppress(sqlite3.Error):
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")} == latest
    return False


def start_provider(processes: Processes, environment: dict[str, str], settings: "Settings") -> str:
    """Start the local provider, and tell the environment of it. Returns its address."""
    with provider_socket(settings.instance_dir) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = {"OIDC_CLIENT_ID": "inkwell", "OIDC_CLIENT_SECRET": secrets.token_hex(16)}
        environment |= {"OIDC_ISSUER": issuer, **client}
        flags = {
            "fd": str(listener.fileno()),
            "client-id": client["OIDC_CLIENT_ID"],
            "client-secret": client["OIDC_CLIENT_SECRET"],
            "redirect-uri": f"{settings.base_url}/auth/google/callback",
        }
        command = [PYTHON, "-m", "dev.provider", *(f"--{name}={value}" for name, value in flags.items())]
        processes.start("sign-in provider", command, env=environment, pass_fds=[listener.fileno()])
    return issuer


def provider_socket(instance: Path) -> socket.socket:
    """On the same port every time, if it can be: to the blog, a person is the issuer's address and a name."""
    file = instance / PROVIDER_PORT
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
    processes: Processes, environment: Mapping[str, str], listeners: list[socket.socket], note: Path, *, reload: bool
) -> None:
    binds = [f"--bind=fd://{listener.fileno()}" for listener in listeners]
    watched = [path for suffix in ("html", "css", "js") for path in APP.rglob(f"*.{suffix}")] if reload else []
    reloading = ["--reload", *(f"--reload-extra-file={path}" for path in watched)] if reload else []
    command = [PYTHON, "-m", "gunicorn", *binds, *reloading, "wsgi:app"]
    inherited = [listener.fileno() for listener in listeners]
    processes.start("blog", command, leftover=note, env=environment, pass_fds=inherited)
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


def announcement(settings: "Settings", local_issuer: str) -> str:
    """What is embedded, and what is the person's own."""
    rows = {
        "database": "SQLite" if settings.database_url.startswith("sqlite") else "yours, by DATABASE_URL",
        "sign-in": f"a local provider with made-up people, {local_issuer}"
        if local_issuer
        else "yours, by OIDC_CLIENT_ID",
        "images": "yours, by S3_BUCKET" if settings.s3_bucket else "files on this disk",
        "cache": cache(settings.redis_url),
    }
    here = f"http://localhost:{settings.port}"
    if settings.base_url != here:
        rows["address"] = f"logins lead to {settings.base_url}, by BASE_URL"
    lines = [f"  {name:10}{what}" for name, what in rows.items()]
    return "\n".join([f"The blog is at {here}", *lines, "Ctrl-C stops it."])


def cache(redis_url: str) -> str:
    if not redis_url:
        return "the server's memory"
    from redis import Redis, RedisError

    try:
        with Redis.from_url(redis_url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS) as redis:
            redis.ping()
    except RedisError:
        return "the server's memory, because the Redis of REDIS_URL does not answer"
    return "yours, by REDIS_URL"
