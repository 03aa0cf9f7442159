"""`flask restore-check`: what must be done once after a backup was restored."""

from collections.abc import Sequence
from typing import cast

import click
from flask import current_app
from flask.cli import with_appcontext
from redis import RedisError
from sqlalchemy import CursorResult, update

from app.attachments.inventory import missing, stored, unknown
from app.auth.models import User
from app.cache import Cache, next_version
from app.current import database, files
from app.storage.store import StoreError

SHOWN = 20


@click.command("restore-check")
@with_appcontext
def restore_check() -> None:
    """End every session, forget what is cached, and compare the store with the database; after a restore.

    Ends with 1 when the store lacks files.
    """
    click.echo(f"Ended the sessions of {_outdate_everybody():,} users: they log in again.")
    click.echo(_clear_redis())
    try:
        found = stored(files().store)
    except StoreError as error:
        raise click.ClickException(f"{error} Run this again when the store answers.") from None
    _list("the store has, and the database does not know", [each.key for each in unknown(database(), found)])
    lacking = missing(database(), found)
    _list("the database knows, and the store does not have", lacking)
    if lacking:
        raise SystemExit(1)


def _outdate_everybody() -> int:
    # A cookie from after the backup, and one that was logged out since, would count again.
    moved = update(User).values(
        session_epoch=next_version(User.session_epoch), cache_version=next_version(User.cache_version)
    )
    with database().write() as db:
        return cast(CursorResult[tuple[()]], db.execute(moved)).rowcount


def _clear_redis() -> str:
    try:
        cleared = cast(Cache, current_app.extensions["cache"]).clear()
    except RedisError as error:
        # Nothing depends on it: the versions have moved.
        return f"Redis does not answer ({error}): what it holds is never asked for again, and expires."
    return f"Cleared {cleared:,} keys from Redis."


def _list(what: str, keys: Sequence[str]) -> None:
    click.echo(f"{len(keys):,} files that {what}{':' if keys else '.'}")
    for key in keys[:SHOWN]:
        click.echo(f"  {key}")
    if len(keys) > SHOWN:
        click.echo(f"  … and {len(keys) - SHOWN:,} more")
