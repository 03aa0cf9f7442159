"""`flask cache`: what the query cache holds, and how to empty it."""

from collections.abc import Callable
from operator import methodcaller
from typing import Any, TypeVar

import click
from flask.cli import AppGroup
from redis import RedisError
from sqlalchemy import select

from app.auth.models import User
from app.cache import Cache, bump
from app.current import database, settings
from app.web.metrics import counted_cache_events
from app.web.reads import cache as cache_in_use

T = TypeVar("T")

cache = AppGroup("cache", help="The query cache.")


@cache.command(help="Count what became of reads since the server started, and what is in Redis.")
def stats() -> None:
    entries: list[Any] = _from_redis(Cache.explain)
    rows = counted_cache_events(settings().instance_dir / "metrics") | {
        "people in Redis": len({entry["key"] for entry in entries}),
        "entries in Redis": len(entries),
        "bytes in Redis": sum(entry["bytes"] for entry in entries),
    }
    for name, count in rows.items():
        click.echo(f"{name:20} {count:>10,.0f}")


@cache.command(
    help="List what Redis holds for the person with that e-mail: age, time left, size and key of each entry."
)
@click.argument("email")
def explain(email: str) -> None:
    entries = [entry for user_id in _users(email) for entry in _from_redis(methodcaller("explain", f"users:{user_id}"))]
    for entry in entries:
        age = "unknown age" if entry["age"] is None else f"{entry['age']:.0f} s old"
        click.echo(
            f"{age}, {entry['expires_in']} s left, {entry['bytes']:,} bytes\n  {entry['key']}\n  {entry['field']}"
        )
    if not entries:
        click.echo("Redis holds nothing of theirs.")


@cache.command(help="Make every worker read anew what one person, or everybody, has cached.")
@click.argument("email", required=False)
def clear(email: str | None) -> None:
    with database().write() as db:
        user_ids = _users(email) if email else list(db.scalars(select(User.id)))
        # In order, so that no sweep and no other clearing can wait for this one while this one waits for it.
        for user_id in sorted(user_ids):
            bump(db.connection(), User.cache_version, user_id)
    for user_id in user_ids:
        _from_redis(methodcaller("clear", f"users:{user_id}"))
    click.echo(f"Cleared what {len(user_ids):,} {'person' if len(user_ids) == 1 else 'people'} had cached.")


def _users(email: str) -> list[int]:
    with database().read() as db:
        user_ids = list(db.scalars(select(User.id).where(User.email == email)))
    if not user_ids:
        raise click.ClickException(f"Nobody has the e-mail {email}.")
    return user_ids


def _from_redis(ask: Callable[[Cache], T]) -> T:
    try:
        return ask(cache_in_use())
    except RedisError as error:
        raise click.ClickException(f"Redis does not answer: {error}") from None
