"""The security headers of every answer, errors included."""

import secrets
from collections.abc import Mapping, Sequence

from flask import Flask, Response, g

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def init_app(app: Flask, *, production: bool, upload_origins: Sequence[str]) -> None:
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    fixed = dict(HEADERS)
    # Files go straight from the page to the store.
    sources = POLICY | {"connect-src": " ".join(["'self'", *upload_origins]), "img-src": "'self' blob:"}
    if production:
        fixed["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", _policy(sources))
        if response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        return response


def csp_nonce() -> str:
    """The nonce that lets this answer's own scripts run; made when a template asks for it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _policy(sources: Mapping[str, str]) -> str:
    policy = dict(sources)
    if "csp_nonce" in g:
        policy["script-src"] = f"'nonce-{g.csp_nonce}' 'strict-dynamic'"
    return "; ".join(f"{name} {sources}" for name, sources in policy.items())
