"""Every error as an answer: a page for people, JSON under /api."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, make_response, render_template, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from app.current import settings
from app.errors import InkwellError, Invalid, LoginCancelled, LoginFailed, OverQuota, SlowDown
from app.log import without_queries
from app.web import audit
from app.web.csrf import SAFE_METHODS, is_ours
from app.web.metrics import failures
from app.web.middleware import request_id
from app.web.paths import local_path

RETRY_AFTER_SECONDS = 5
BUSY = "The blog is busy at the moment. Please try again in a moment."
BROKEN = InkwellError.sentence

# A database that is busy, frozen or gone.
UNAVAILABLE = (OperationalError, PoolTimeout)
SENTENCES = {
    400: "That request could not be understood.",
    403: "That is not allowed.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    413: "That is too large to be taken.",
    414: "That address is too long.",
    415: "That kind of content is not read here.",
    431: "The request's headers are too large.",
}
TITLES = {
    400: "That did not work",
    401: "Please log in",
    403: "Not allowed",
    404: "Nothing here",
    408: "Too slow",
    409: "Changed meanwhile",
    413: "Too large",
    422: "Almost there",
    429: "Slow down",
    503: "Back in a moment",
}

logger = structlog.get_logger("app.errors")


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, handle_error)
    app.register_error_handler(Exception, handle_error)


def handle_error(error: Exception) -> Response:
    """The answer to an error, whichever part raised it."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        # What went wrong while another error was being answered.
        error = error.original_exception
    status, sentence = _status_and_sentence(error)
    _log(error, status, sentence)
    fields = error.fields if isinstance(error, Invalid) else {}
    if isinstance(request.routing_exception, SecurityError):
        # At a host that is not ours there is no address to build a page's links from.
        response = make_response(f"This blog answers at {settings().base_url}\n")
        response.mimetype = "text/plain"
    elif request.path.startswith("/api/"):
        response = _json(sentence, fields)
        # RFC 8631: whoever asks wrongly finds how to ask.
        response.headers["Link"] = f'<{request.script_root}/api/openapi.json>; rel="service-desc"'
    else:
        response = _page(status, _title(error, status), sentence, fields)
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, SlowDown):
        response.headers["Retry-After"] = str(error.seconds)
    if isinstance(error, HTTPException):
        _keep_headers(error, response)
    return response


def _log(error: Exception, status: int, sentence: str) -> None:
    if status >= 500:
        failures.labels(type(error).__name__).inc()
    if status == 503 and isinstance(error, InkwellError):
        # Foreseen, and no fault of the code: many of them at once would drown the log in tracebacks.
        reason = f"{type(error).__name__}: {error.__cause__ or error}"[:300]
        logger.warning("unavailable", reason=without_queries(reason))
    elif status >= 500:
        logger.error("failed", exc_info=error, status=status)
    elif isinstance(error, LoginFailed):
        cause = f"{type(error.__cause__).__name__}: {error.__cause__}"[:300] if error.__cause__ else None
        audit.record("login_refused", reason=sentence, cause=cause and without_queries(cause))
    elif isinstance(error, SlowDown | OverQuota):
        audit.record("limit", reason=str(error))
    elif _is_refused_access(error, status):
        audit.record("access_refused", status=status, reason=sentence)


def _is_refused_access(error: Exception, status: int) -> bool:
    """Whether somebody was kept from something. What is not theirs to read is not told from what is not there."""
    writes = isinstance(error, InkwellError) and request.method not in SAFE_METHODS
    return status == 403 or (status in (401, 404) and writes)


def _status_and_sentence(error: Exception) -> tuple[int, str]:
    if isinstance(error, InkwellError):
        return error.status, str(error)
    if isinstance(error, HTTPException) and error.code:
        return error.code, SENTENCES.get(error.code, error.description or BROKEN)
    return (503, BUSY) if isinstance(error, UNAVAILABLE) else (500, BROKEN)


def _json(sentence: str, fields: dict[str, str]) -> Response:
    document: dict[str, Any] = {"error": sentence}
    if fields:
        document["fields"] = fields
    return Response(json.dumps(document), mimetype="application/json")


def _title(error: Exception, status: int) -> str:
    if isinstance(error, LoginCancelled):
        return "Login cancelled"
    return TITLES.get(status, "Something went wrong" if status >= 500 else "That did not work")


def _page(status: int, title: str, sentence: str, fields: dict[str, str]) -> Response:
    if status >= 500 or (status == 429 and "visitor" not in g):
        # Whoever is logged in can only be known from the database, that may just have failed, or is to be spared.
        g.without_visitor = True
    more = {"typed": _typed(), "way_back": _way_back()} if status in (401, 429) else {}
    page = render_template(
        "error.html",
        status=status,
        title=title,
        sentence=sentence,
        fields=fields,
        here=local_path(request.path),
        request_id=request_id(),
        **more,
    )
    return make_response(page)


def _typed() -> Mapping[str, str]:
    """What a stranger typed into a form of ours. What another site's page sends is never shown."""
    # Asked here, since strangers get no further than the login check: the API owes them a 401 whatever they send.
    # Files were not typed, and may be too many to be looked at.
    return request.form if is_ours(settings().base_url) and request.mimetype != "multipart/form-data" else {}


def _way_back() -> str:
    """The address that a login leads back to: this one, or where it only takes a form, the nearest page above it."""
    if request.method == "GET":
        return request.full_path if request.query_string else request.path
    pages, path = current_app.url_map.bind(""), request.path
    while not pages.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


def _keep_headers(error: HTTPException, response: Response) -> None:
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "WWW-Authenticate", "Content-Range"):
            response.headers[name] = value
