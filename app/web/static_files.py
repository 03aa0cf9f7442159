"""The pages' style, scripts and typeface, under a path that changes whenever one of them does.

The path names what all of them hold together, so that modules import each other by relative paths as they are. Another
version's path is answered too, since a reload has workers of both for a while, but nobody is told to keep that.
"""

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, request, url_for

from app.errors import NotFound
from app.web.marks import public

FOLDER = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """One file as it is sent: whole, and compressed."""

    content_type: str
    body: bytes
    gzipped: bytes


def init_app(app: Flask) -> None:
    # Read by the worker when it starts: its path must not lead to what a deployment puts there meanwhile.
    files = {path.name: _read(path) for path in sorted(FOLDER.iterdir())}
    version = _digest(b"".join(file.body for file in files.values()))

    @app.template_global()
    def static_url(name: str) -> str:
        return url_for("static", filename=f"{version}/{name}")

    @public
    def send(filename: str) -> Response:
        wanted, _, name = filename.rpartition("/")
        if name not in files:
            raise NotFound
        response = _conditional(files[name])
        response.headers["Cache-Control"] = FOREVER if wanted == version else "no-cache"
        return response

    app.add_url_rule("/static/<path:filename>", "static", send)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(TYPES[path.suffix], body, gzip.compress(body, mtime=0))


def _conditional(file: StaticFile) -> Response:
    is_gzipped = request.accept_encodings.quality("gzip") > 0
    body = file.gzipped if is_gzipped else file.body
    response = Response(body, content_type=file.content_type)
    if is_gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(_digest(body))
    response.make_conditional(request, accept_ranges=True, complete_length=len(body))
    return response


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=8).hexdigest()
