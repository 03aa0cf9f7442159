"""The blog as it is shipped: gunicorn with two workers, in processes of its own, and a sign-in provider beside it."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from app.config import Settings
from tests.processes import running

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
WORKERS = 2


@dataclass
class LiveServer:
    """A running blog: where it is, how it is set, and what it and its provider have logged so far."""

    url: str
    provider_url: str
    logs: list[Path]
    settings: Settings

    @property
    def own_urls(self) -> list[str]:
        """Every address a test may ask: the blog under both names of this machine, the provider and the store."""
        own = [self.url, self.url.replace("//localhost", "//127.0.0.1"), self.provider_url]
        return [*own, *self.settings.upload_origins]

    def log_size(self) -> list[int]:
        return [log.stat().st_size for log in self.logs]

    def log_since(self, sizes: list[int]) -> str:
        return "".join(
            log.read_bytes()[size:].decode(errors="replace") for log, size in zip(self.logs, sizes, strict=True)
        )


@contextmanager
def live_server(settings: Settings, folder: Path) -> Iterator[LiveServer]:
    """The blog and its provider on free ports, over the database and with the secret of these settings."""
    with ExitStack() as stack:
        blog_socket, provider_socket = (stack.enter_context(listening_socket()) for _ in range(2))
        url = f"http://localhost:{blog_socket.getsockname()[1]}"
        # Another host name than the blog's: cookies ignore ports, and a login must cross sites as it does in life.
        provider_url = f"http://127.0.0.1:{provider_socket.getsockname()[1]}"
        settings = settings.model_copy(
            update={
                "base_url": url,
                "oidc_issuer": provider_url,
                "oidc_client_id": "inkwell",
                "oidc_client_secret": secrets.token_hex(16),
                "web_concurrency": WORKERS,
            }
        )
        server = LiveServer(url, provider_url, [folder / "blog.log", folder / "provider.log"], settings)
        provider = [
            *("-m", "dev.provider", "--fd", str(provider_socket.fileno())),
            *("--client-id", settings.oidc_client_id, "--client-secret", settings.oidc_client_secret),
            *("--redirect-uri", f"{url}/auth/google/callback"),
        ]
        process = stack.enter_context(_process(provider, provider_socket, server.logs[1], {}))
        stack.enter_context(gunicorn(settings, blog_socket, server.logs[0]))
        _wait_until_healthy(f"{provider_url}/.well-known/openid-configuration", process, server.logs[1])
        yield server


@contextmanager
def gunicorn(
    settings: Settings, listener: socket.socket, log: Path, application: str = "wsgi:app", *options: str
) -> Iterator[None]:
    """The blog behind that socket; it answers by the time the block begins."""
    bind = ["--bind", f"fd://{listener.fileno()}", "--graceful-timeout", "2"]
    arguments = ["-m", "gunicorn", application, *bind, *options]
    with _process(arguments, listener, log, environment(settings)) as process:
        _wait_until_healthy(f"{settings.base_url}/healthz", process, log)
        yield


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables."""
    values = settings.model_dump(exclude_none=True)
    return {name.upper(): ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}


def listening_socket() -> socket.socket:
    # Bound before the servers start, so that nothing else can take the port in between.
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    return listener


@contextmanager
def _process(
    arguments: list[str], inherited: socket.socket, log: Path, variables: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        running(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[inherited.fileno()],
        ) as process,
    ):
        inherited.close()
        yield process


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    try:
        # The socket listens already: this waits in its queue until a worker answers.
        with urlopen(url, timeout=START_SECONDS):  # noqa: S310  a loopback address of ours
            return
    except OSError as error:
        raise RuntimeError(f"{url} does not answer ({error}); it logged:\n{log.read_text(errors='replace')}") from None
