"""What a list of 20 blogs costs cached and uncached, in process: `python -m benchmarks.cached_read`."""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import BigInteger, Engine, ForeignKey, Text, bindparam, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.cache import Cache, Query, Scope, new_version, owned_by

LIMIT = 0.40
ROUNDS, TURNS = 7, 500


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    cache_version: Mapped[int] = mapped_column(BigInteger, default=new_version)


class Blog(Base):
    __tablename__ = "blogs"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


owned_by(Blog.owner_id, User.cache_version)

BLOGS_BY = Query(
    "blogs_by",
    select(Blog.id, Blog.title, Blog.content, Blog.created_at)
    .where(Blog.owner_id == bindparam("owner_id"))
    .order_by(Blog.created_at.desc(), Blog.id.desc()),
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder)}/blogs.db")
        fill(engine)
        cache = Cache(engine.connect, namespace="benchmark", release="1", ttl=3600)
        costs = {
            "uncached": cost(lambda: cache.json(BLOGS_BY(owner_id=1))),
            "uncached, with the user's row": cost(lambda: read(engine, cache, opted_in=False)),
            "cached": cost(lambda: cache.json(BLOGS_BY(owner_id=1).cached(Scope("users", 1, 1)))),
            "cached, with the user's row": cost(lambda: read(engine, cache, opted_in=True)),
        }
        engine.dispose()
    return report(costs)


def fill(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Session(engine) as session, session.begin():
        session.add(User(id=1))
        session.add_all(
            Blog(owner_id=1, title=f"Blog {day}", content="Some words. " * 40, created_at=start + timedelta(days=day))
            for day in range(20)
        )


def read(engine: Engine, cache: Cache, *, opted_in: bool) -> bytes:
    with engine.connect() as connection:
        version = connection.execute(VERSION, {"id": 1}).scalar_one()
    blogs = BLOGS_BY(owner_id=1)
    return cache.json(blogs.cached(Scope("users", 1, version)) if opted_in else blogs)


VERSION = select(User.cache_version).where(User.id == bindparam("id"))


def cost(answer: Callable[[], bytes]) -> float:
    """Microseconds, in the quietest round."""
    answer()
    return min(timed(answer) for _ in range(ROUNDS)) / TURNS * 1_000_000


def timed(answer: Callable[[], bytes]) -> float:
    started = perf_counter()
    for _ in range(TURNS):
        answer()
    return perf_counter() - started


def report(costs: dict[str, float]) -> int:
    for name, microseconds in costs.items():
        print(f"{name:32} {microseconds:8.1f} µs")
    ratio = costs["cached, with the user's row"] / costs["uncached, with the user's row"]
    print(f"cached / uncached {costs['cached'] / costs['uncached']:.0%}, with the user's row {ratio:.0%}")
    print(f"{'within' if ratio <= LIMIT else 'OVER'} the limit of {LIMIT:.0%}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
