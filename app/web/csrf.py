"""Writes that another site's page sends are refused.

Follows the Fetch Metadata policy (W3C Fetch Metadata Request Headers) with the Origin header (RFC 6454) as its
fallback. A client that sends neither is no browser of ours: it must send what no cross-site form can, a JSON body.
"""

from flask import Flask, request

from app.errors import CrossSiteWrite
from app.web.marks import is_signed

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask, *, base_url: str) -> None:
    @app.before_request
    def refuse_cross_site_writes() -> None:
        if request.method in SAFE_METHODS:
            return
        view = app.view_functions.get(request.endpoint or "")
        if not (view and is_signed(view)) and not is_ours(base_url):
            raise CrossSiteWrite(
                "This request does not come from this site's own pages. "
                "Programs send a JSON body, or this site's address in the Origin header."
            )


def is_ours(base_url: str) -> bool:
    """Whether one of this site's own pages sent the request, or a program."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is not None:
        return origin == base_url
    return request.mimetype == "application/json"
