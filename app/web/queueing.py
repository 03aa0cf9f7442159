"""How long a request waited for a thread, as the kernel tells it."""

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Shorter ones are a busy moment, and not worth a line.
LONG_WAIT = 0.1

# Linux: milliseconds since data was last received (tcpi_last_data_recv of linux/tcp.h).
_LAST_DATA_RECEIVED = struct.Struct("52xI")
_TCP_INFO = getattr(socket, "TCP_INFO", None)


def seconds_in_line(environ: "WSGIEnvironment") -> float:
    """How long before now the last of this request arrived; 0 where nobody can tell.

    gunicorn does not say when it accepted a connection, and a request may wait before that too.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None or _TCP_INFO is None:
        return 0.0
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA_RECEIVED.size)
        return float(_LAST_DATA_RECEIVED.unpack(told)[0]) / 1000
    except (OSError, struct.error):
        # A socket file, or another system.
        return 0.0
