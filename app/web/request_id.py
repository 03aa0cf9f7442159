"""The id of a request: every answer and every log line carries it."""

import re
import secrets

from flask import Flask, Response, g, request


def init_app(app: Flask) -> None:
    app.after_request(_carry)


def request_id() -> str:
    """This request's id: the caller's own, if it sent a usable one."""
    if "request_id" not in g:
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", sent) else secrets.token_hex(8)
    return str(g.request_id)


def _carry(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    return response
