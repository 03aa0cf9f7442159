"""How many function calls a request takes, by layer: a measure of its work that no other load on a machine can move.

`python -m tests.calls` counts the routes that are asked most as they are served in production, writes the counts as
JSON, and knows no budget. It needs a process of its own: the metrics are shared between workers only in a process that
was told so before it began, and a profiler counts whatever else runs.
"""

import contextlib
import cProfile
import io
import json
import os
import secrets
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask

REQUESTS, BLOGS = 10, 20
HERE = Path(__file__).parents[1]
PACKAGES = sysconfig.get_path("purelib")
SITE = "https://blog.example"

Environ = dict[str, Any]


def counted(app: Flask, environ: Callable[[], Environ], before: Callable[[], object] = lambda: None) -> Counter[str]:
    """The calls of one request, by layer; built-in functions count for whoever calls them.

    `before` is done before each request, and not counted.
    """
    for _ in range(3):
        before()
        answered(app, environ())
    profile = cProfile.Profile()
    for _ in range(REQUESTS):
        before()
        request = environ()
        profile.enable()
        answered(app, request)
        profile.disable()
    found: Counter[str] = Counter()
    for entry in profile.getstats():
        if not isinstance(entry.code, str):
            found[layer(entry.code.co_filename)] += entry.callcount
            found.update({layer(entry.code.co_filename): sum(each.callcount for each in built_in(entry))})
    return Counter({name: round(calls / REQUESTS) for name, calls in found.items()})


def built_in(entry: Any) -> list[Any]:
    return [each for each in entry.calls or () if isinstance(each.code, str)]


def layer(file: str) -> str:
    """A package's name, or the path of a module of ours."""
    if file.startswith(f"{PACKAGES}/"):
        return file.removeprefix(f"{PACKAGES}/").split("/")[0]
    if file.startswith(f"{HERE}/"):
        return file.removeprefix(f"{HERE}/")
    return "Python"


def answered(app: Flask, environ: Environ) -> tuple[str, dict[str, str]]:
    """What a server does with an application, to the last byte."""
    said: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        said.extend((status, dict(headers)))
        return lambda _: None

    body = app(environ, start_response)
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()
    return said[0], said[1]


def expect(status: str, app: Flask, environ: Callable[[], Environ]) -> Callable[[], Environ]:
    """A count of what goes wrong would be a low one."""
    found, _ = answered(app, environ())
    assert found.startswith(status), f"{environ()['PATH_INFO']} answered {found}, not {status}"
    return environ


def as_gunicorn_has_it(path: str, headers: Mapping[str, str]) -> Environ:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "blog.example",
        "HTTP_USER_AGENT": "Mozilla/5.0",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


def hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def hot_routes(folder: Path) -> dict[str, Counter[str]]:
    """The counts of a blog in production, whose reader has twenty blogs, the last one with a picture."""
    from app.config import Settings
    from app.factory import create_app
    from tests.conftest import migrate
    from tests.factories.attachment import AttachmentFactory
    from tests.factories.blog import BlogFactory
    from tests.factories.session import SessionFactory
    from tests.factories.user import UserFactory
    from tests.limits import RAISED

    settings = Settings(
        _env_file=None,
        app_env="production",
        base_url=SITE,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        oidc_client_id="calls",
        oidc_client_secret=secrets.token_hex(16),
        **RAISED,
    )
    migrate(settings)
    app = create_app(settings)
    database, cache = app.extensions["database"], app.extensions["cache"]
    reader = UserFactory.on(database)()
    blogs = [BlogFactory.on(database)(reader, content="Some words. " * 20) for _ in range(BLOGS)]
    picture = AttachmentFactory.with_files(database, app.extensions["images"])(reader, blogs[-1])
    logged_in = SessionFactory(app)(reader).browser_headers

    def asked(path: str, status: str = "200", **headers: str) -> Callable[[], Environ]:
        return expect(status, app, lambda: as_gunicorn_has_it(path, {**logged_in, **headers}))

    def again(path: str) -> Callable[[], Environ]:
        """As a browser asks that has the answer."""
        _, headers = answered(app, asked(path)())
        return asked(path, "304", **{"If-None-Match": headers["ETag"]})

    found = {
        "cached list": counted(app, asked("/api/blogs")),
        "cached list's 304": counted(app, again("/api/blogs")),
        "uncached list": counted(app, asked("/api/blogs"), before=cache.clear),
        "HTML list": counted(app, asked("/blogs")),
        "HTML list's 304": counted(app, again("/blogs")),
        "one blog": counted(app, asked(f"/blogs/{blogs[-1].id}")),
        "image's 304": counted(app, again(f"/attachments/{picture.id}")),
        "healthz": counted(app, asked("/healthz", Cookie="")),
        "stranger's 401": counted(app, asked("/api/blogs", "401", Cookie="")),
        "hello of Flask": counted(hello(), lambda: as_gunicorn_has_it("/", {})),
    }
    database.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # As gunicorn.conf.py gives it to each worker, before the app is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # Its log lines are written, and kept by nobody.
        with Path(os.devnull).open("w") as log, contextlib.redirect_stdout(log):
            found = hot_routes(Path(folder))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
