"""What the blog's list of 20 blogs costs cached and uncached, in process: `python -m benchmarks.cached_read`."""

import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import structlog
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from app.auth.models import User
from app.auth.queries import user_with_session
from app.blogs import queries
from app.cache import BoundQuery, Cache, Scope
from app.config import Settings
from app.db import Database
from app.factory import create_app
from tests.conftest import migrate
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory

LIMIT = 0.40
BLOGS = 20
ROUNDS, TURNS = 30, 50

Ways = dict[str, Callable[[], object]]
Costs = dict[str, tuple[float, float]]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = blog(Path(folder))
        database: Database = app.extensions["database"]
        user = UserFactory.on(database)()
        for number in range(BLOGS):
            BlogFactory.on(database)(user, title=f"Blog {number}", content="Some words. " * 40)
        costs = measured(app, user)
        database.close()
    return report(costs)


def blog(folder: Path) -> Flask:
    settings = Settings(
        _env_file=None,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        database_url="",
        redis_url="",
        base_url="http://localhost",
    )
    migrate(settings)
    app = create_app(settings)
    # What a request logs costs the same either way, and would fill the screen.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)
    return app


def measured(app: Flask, user: User) -> Costs:
    cache: Cache = app.extensions["cache"]
    database: Database = app.extensions["database"]
    environ = EnvironBuilder("/api/blogs", headers=Headers(SessionFactory(app)(user).header)).get_environ()

    def scope() -> Scope:
        row: Any = user_with_session(database, user.id, user.session_epoch)
        return Scope("users", row.id, row.cache_version)

    known = scope()
    ways: Ways = {
        "the read": lambda: cache.json(queries.blogs_by(known)),
        "the read and the user's row": lambda: cache.json(queries.blogs_by(scope())),
        "the whole request": lambda: list(app(dict(environ), lambda *_: lambda _: None)),
    }
    rounds = [(one_round(ways), one_round_uncached(ways)) for _ in range(ROUNDS)]
    # The quietest round counts.
    return {
        name: (min(cached[name] for cached, _ in rounds), min(uncached[name] for _, uncached in rounds))
        for name in ways
    }


@contextmanager
def not_opted_in() -> Iterator[None]:
    """The same blog, had nobody written `.cached(...)`."""
    blogs_by = queries.blogs_by

    def uncached(owner: Scope) -> BoundQuery:
        return queries.BLOGS_BY(owner_id=owner.id)

    queries.blogs_by = uncached
    yield
    queries.blogs_by = blogs_by


def one_round_uncached(ways: Ways) -> dict[str, float]:
    with not_opted_in():
        return one_round(ways)


def one_round(ways: Ways) -> dict[str, float]:
    return {name: cost(answer) for name, answer in ways.items()}


def cost(answer: Callable[[], object]) -> float:
    """Microseconds of this process, whatever else the machine does meanwhile."""
    answer()
    started = process_time()
    for _ in range(TURNS):
        answer()
    return (process_time() - started) / TURNS * 1_000_000


def report(costs: Costs) -> int:
    print(f"{'µs':28} {'cached':>8} {'uncached':>9} {'ratio':>6}")
    for name, (cached, uncached) in costs.items():
        print(f"{name:28} {cached:>8.1f} {uncached:>9.1f} {cached / uncached:>6.0%}")
    cached, uncached = costs["the read and the user's row"]
    within = cached / uncached <= LIMIT
    print(f"the read and the user's row: {'within' if within else 'OVER'} the limit of {LIMIT:.0%}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
