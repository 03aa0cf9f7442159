"""gunicorn's settings; `gunicorn.conf.py` at the top points here, so that `gunicorn wsgi:app` finds them.

The arbiter reads this file, and imports no app code: it only starts, watches and replaces workers.
"""

import os
import shutil
import socket
import struct
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

_env = {**dotenv_values(".env"), **os.environ}

bind = f"0.0.0.0:{_env.get('PORT') or 8000}"
workers = int(_env.get("WEB_CONCURRENCY") or os.cpu_count() or 1)
worker_class = "gthread"
threads = 8
timeout = 30
graceful_timeout = 30
keepalive = 5
# Behind a proxy, only what an operator names is believed.
forwarded_allow_ips = _env.get("FORWARDED_ALLOW_IPS") or ""
# The default socket's path is shared by every gunicorn of one user, and breaks in containers.
control_socket_disable = True
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
loglevel = "warning"

_CLIENT_SECONDS = 10
_metrics = Path(_env.get("INSTANCE_DIR") or "instance").resolve() / "metrics"
# Each worker counts in a file of its own there, and any of them can add them up. A server has a folder of its own,
# named by the arbiter, because several may share an instance folder.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_metrics / str(os.getpid())))


def on_starting(_server: Any) -> None:
    """Begin counting at zero, and clear up after servers that are gone."""
    for folder in _metrics.glob("*"):
        if folder.name == str(os.getpid()) or not _is_running(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    (_metrics / str(os.getpid())).mkdir(parents=True)


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def when_ready(server: Any) -> None:
    """Keep clients that connect and say nothing from holding a thread."""
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _CLIENT_SECONDS)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _CLIENT_SECONDS, 0))
