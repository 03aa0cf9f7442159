"""The security headers of every answer, errors included."""

from collections.abc import Sequence

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


def security_headers(
    *, hsts: str, script_sources: Sequence[str] = ("'none'",), upload_origins: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """The headers of a page of the blog, whose scripts come from those addresses. An answer of its own kind may differ.

    Files go straight from the page to the store, at the upload origins.
    """
    policy = POLICY | {
        "script-src": " ".join(script_sources),
        "connect-src": " ".join(["'self'", *upload_origins]),
        "img-src": "'self' blob:",
    }
    headers = HEADERS | {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}
    if hsts:
        headers["Strict-Transport-Security"] = hsts
    return [*headers.items()]
