"""gunicorn's settings, which `gunicorn wsgi:app` finds here.

The arbiter reads this file at its start and at each reload. Of the app it imports the settings alone: it only starts,
watches and replaces workers.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

# Or a reload would go on with the settings' code as it was at the start, and mix it with the new.
for _module in [name for name in sys.modules if name.partition(".")[0] == "app"]:
    del sys.modules[_module]

from app.config import SettingsError, load_settings  # noqa: E402

try:
    _settings = load_settings()
except SettingsError as error:
    sys.exit(str(error))

bind = f"0.0.0.0:{_settings.port}"
workers = _settings.web_concurrency or os.cpu_count() or 1
worker_class = "gthread"
threads = 8
timeout = 30
graceful_timeout = 30
keepalive = 5
# Behind a proxy, only what an operator names is believed.
forwarded_allow_ips = _settings.forwarded_allow_ips
# The default socket's path is shared by every gunicorn of one user, and breaks in containers.
control_socket_disable = True
# For the workers' heartbeats: on a full disk Python finds no temporary folder, and no worker would start.
_memory = "/dev/shm"  # noqa: S108  the files there have no names
worker_tmp_dir = _memory if os.access(_memory, os.W_OK | os.X_OK) else None
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
loglevel = "warning"

_CLIENT_SECONDS = 10
_RETRY_SECONDS = 2
# A worker counts about a dozen things; there is room for ninety.
_COUNTER_BYTES = 16 * 1024
_metrics = _settings.instance_dir / "metrics"


def on_starting(server: Any) -> None:
    """Clear up after servers that are gone, and have every reload tried before it is done."""
    for folder in _metrics.glob("*"):
        if folder.name == str(os.getpid()) or not _is_running(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    # What SIGHUP calls: no hook of gunicorn's comes early enough to refuse a reload.
    server.handle_hup = partial(_reload, server, server.handle_hup)


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _reload(server: Any, reload: Callable[[], None]) -> None:
    if problem := _reload_problem(server):
        server.log.error("Reload refused, the site goes on as it was: %s", problem)
    else:
        reload()


def _reload_problem(server: Any) -> str:
    """Why a server started now would fail, in one line: gunicorn would end the running one for the same reason."""
    # What a worker imports later is tried with the rest.
    program = "import app.auth.oidc, gunicorn.app.wsgiapp; gunicorn.app.wsgiapp.run()"
    command = [sys.executable, "-c", program, *sys.argv[1:], "--check-config", "--print-config"]
    # gunicorn's own `--pythonpath` comes too late for its `--check-config`.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    limit = server.timeout or None
    try:
        tried = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the code does not import within {server.timeout} seconds"
    except OSError as error:
        return str(error)
    if tried.returncode:
        return (tried.stderr.strip() or f"trying it ended with {tried.returncode}").splitlines()[-1]
    if _address(tried.stdout) != _address(str(server.cfg)):
        return "another address to listen on takes a restart"
    return ""


def _address(config: str) -> list[str]:
    return [line for line in config.splitlines() if line.startswith("bind ")]


def when_ready(server: Any) -> None:
    """Keep clients that connect and say nothing from holding a thread."""
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _CLIENT_SECONDS)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _CLIENT_SECONDS, 0))


def post_fork(server: Any, worker: Any) -> None:
    """Give a worker a file for its counters, which any worker can add up, or let it count for itself alone.

    The file is mapped into memory, where writing what the disk has no room for ends the process: so the room is taken
    before. A server has a folder of its own, because several may share an instance folder.
    """
    counters = _counters(worker)
    reserved = counters.with_suffix(".new")
    try:
        counters.parent.mkdir(parents=True, exist_ok=True)
        reserved.touch(mode=0o600)
        reserved.write_bytes(bytes(_COUNTER_BYTES))
        # Whoever adds up meanwhile must not find half a file.
        reserved.rename(counters)
    except OSError as error:
        server.log.warning("Worker %s is missing from /metrics: %s", worker.pid, error)
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counters.parent)


def post_worker_init(worker: Any) -> None:
    """Import what only logins need once the worker serves. At the first login it could be another deployment's code."""
    Thread(target=import_module, args=("app.auth.oidc",), daemon=True).start()


def worker_exit(server: Any, worker: Any) -> None:
    """Have a worker that cannot load the code replaced, again and again, until the code is mended.

    gunicorn ends the whole site for such a worker. That is right for the first ones alone, when nobody is served yet.
    """
    ending = sys.exc_info()[1]
    failed = isinstance(ending, SystemExit) and ending.code in (server.WORKER_BOOT_ERROR, server.APP_LOAD_ERROR)
    if failed and worker.age > server.cfg.workers:
        with suppress(OSError):
            _counters(worker).unlink()
        time.sleep(_RETRY_SECONDS)
        sys.exit(1)


def _counters(worker: Any) -> Path:
    # Where prometheus_client looks for it.
    return _metrics / str(worker.ppid) / f"counter_{worker.pid}.db"
