"""gunicorn's settings, which `gunicorn wsgi:app` finds here.

The arbiter reads this file at its start and at each reload. Of the app it imports the settings, how lines of the log
and headers look, and how workers are started, watched and replaced: nothing of the blog.
"""

import logging
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from gunicorn import util
from prometheus_client import values

# Or a reload would go on with the settings' code as it was at the start, and mix it with the new.
for _module in [name for name in sys.modules if name.partition(".")[0] == "app"]:
    del sys.modules[_module]

from app.arbiter import Arbiter  # noqa: E402
from app.config import SettingsError, load_settings  # noqa: E402
from app.headers import security_headers  # noqa: E402
from app.log import standard_logging  # noqa: E402
from app.machine import usable_cores, use_one_heap  # noqa: E402
from app.release import release  # noqa: E402
from app.setting_checks import without_secrets  # noqa: E402

try:
    _settings = load_settings()
except SettingsError as error:
    sys.exit(str(error))

# Brackets are for IPv6, and do no harm to the other.
bind = f"[{_settings.bind_address}]:{_settings.port}"
# Two at least, or nobody would answer while one is replaced.
workers = _settings.web_concurrency or max(2, usable_cores())
worker_class = "app.worker.Worker"
logger_class = "app.worker.Logger"
threads = 8
# Without a sign of life, which a slow request does not hold up.
timeout = 10
graceful_timeout = 30
# What leaks goes with its worker: not all of them at the same time, and none before another is ready.
max_requests = 50_000
max_requests_jitter = 10_000
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
loglevel = "info" if _settings.production else "warning"

_CLIENT_SECONDS = 10
_RETRY_SECONDS = 2
# For each kind of metric: 30 routes with 6 statuses, and histograms of 12 buckets, take two thirds of it.
_METRIC_BYTES = 1024**2
_METRIC_KINDS = ("counter", "histogram")
# Trying a reload: the arbiter does nothing else meanwhile.
_TRIAL_SECONDS = 60
_metrics = _settings.instance_dir / "metrics"

if _settings.production:
    logconfig_dict = standard_logging()
    logging.captureWarnings(capture=True)
    threading.excepthook = lambda ended: logging.getLogger("threading").critical(
        "a thread ended", exc_info=(ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
    )


def on_starting(server: Any) -> None:
    """Clear up after servers that are gone, and become an arbiter of ours that tries every reload before it is done."""
    for folder in _metrics.glob("*"):
        if folder.name == str(os.getpid()) or not _is_running(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    # gunicorn lets nobody choose its class.
    server.__class__ = Arbiter
    server.begin(_metrics / str(os.getpid()))
    if "app_env" not in _settings.model_fields_set:
        server.log.warning("APP_ENV is not set: this is a development blog, for this machine alone")
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
    streams: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace"}
    try:
        tried = subprocess.run(command, env=environment, timeout=_TRIAL_SECONDS, check=False, **streams)
    except subprocess.TimeoutExpired:
        return f"the code does not import within {_TRIAL_SECONDS} seconds"
    except OSError as error:
        return str(error)
    if tried.returncode:
        return (tried.stderr.strip() or f"trying it ended with {tried.returncode}").splitlines()[-1]
    if _address(tried.stdout) != _address(str(server.cfg)):
        return "another address to listen on takes a restart"
    return ""


def _address(config: str) -> list[str]:
    return [line for line in config.splitlines() if line.startswith("bind ")]


def on_reload(server: Any) -> None:
    """Say which code this is, and how it is set."""
    server.log.info("serving", extra={"release": release().decode(), "settings": without_secrets(_settings)})


def when_ready(server: Any) -> None:
    """Keep clients that connect and say nothing from holding a thread."""
    on_reload(server)
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _CLIENT_SECONDS)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _CLIENT_SECONDS, 0))


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the lowest number that none has: its metrics go on where those of one that is gone ended."""
    taken = {each.number for each in server.WORKERS.values()}
    worker.number = min(set(range(1, len(taken) + 2)) - taken)


def post_fork(server: Any, worker: Any) -> None:
    """Give a worker one heap, and files for its metrics, which any worker can add up, or let it count for itself alone.

    The files are mapped into memory, where writing what the disk has no room for ends the process: so the room is taken
    before. A server has a folder of its own, because several may share an instance folder.
    """
    use_one_heap()
    # What gunicorn itself answers has our headers too, and tells nobody what they have sent.
    util.write_error = _write_error
    folder = _metrics / str(worker.ppid)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in _METRIC_KINDS:
            # Where prometheus_client looks for it.
            _reserve(folder / f"{kind}_{worker.number}.db")
    except OSError as error:
        server.log.warning("Worker %s is missing from /metrics: %s", worker.pid, error)
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(lambda: worker.number)


def _reserve(file: Path) -> None:
    if not file.exists():
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(bytes(_METRIC_BYTES))
        # Whoever adds up meanwhile must not find half a file.
        new.rename(file)


def _write_error(connection: Any, status: int, reason: str, _message: str) -> None:
    body = f"{reason}\n"
    headers = {
        **dict(security_headers(hsts=_settings.hsts if _settings.production else "")),
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Type": "text/plain",
        "Content-Length": len(body),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    util.write_nonblock(connection, f"HTTP/1.1 {status} {reason}\r\n{head}\r\n{body}".encode("latin1"))


def post_worker_init(worker: Any) -> None:
    """Import what only logins need once the worker serves. At the first login it could be another deployment's code."""
    Thread(target=import_module, args=("app.auth.oidc",), daemon=True).start()


def worker_exit(server: Any, worker: Any) -> None:
    """End a worker that is done at once, and have one that cannot load the code replaced until the code is mended.

    gunicorn ends the whole site for such a worker. That is right for the first ones alone, when nobody is served yet.
    """
    ending = sys.exc_info()[1]
    if not isinstance(ending, SystemExit) or worker.pid != os.getpid():
        return
    if not ending.code:
        # Taking the interpreter apart would be half a second of a core for nothing.
        sys.stderr.flush()
        os._exit(0)
    if ending.code in (server.WORKER_BOOT_ERROR, server.APP_LOAD_ERROR) and worker.age > server.cfg.workers:
        time.sleep(_RETRY_SECONDS)
        sys.exit(1)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_metrics / str(os.getpid()), ignore_errors=True)
