"""What the store and the database know of each other: `flask store sweep`, `users delete` and `restore-check`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import click
from flask.cli import with_appcontext
from redis import RedisError
from sqlalchemy import CursorResult, func, select, text, update

from app.attachments.deletion import delete_files_of, delete_user
from app.attachments.inventory import missing, stored, unknown
from app.attachments.sweep import TooMuchUnknown
from app.attachments.sweep import sweep as swept
from app.auth.models import User
from app.auth.user_commands import described, find_user, record, users
from app.cache import next_version
from app.current import database
from app.db import Base
from app.doctor.commands import store
from app.storage.current import store as current_store
from app.storage.store import StoreError
from app.web.reads import cache

SHOWN = 20
# More than a blog has written since its last backup.
SKIPPED = 1_000_000
# Where SQLite keeps the last id of each table that has had one (sqlite.org/autoinc.html).
_MOVE = text("UPDATE sqlite_sequence SET seq = seq + :by WHERE name = :name")
_BEGIN = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :by)")


@store.command(
    help="Remove uploads that were never finished, files that are on no blog, and objects that no row knows."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and keep it.")
@click.option("--all-unknown", is_flag=True, help="Take objects that no row knows even where they are many.")
def sweep(*, dry_run: bool, all_unknown: bool) -> None:
    count = 0
    try:
        for each in swept(database(), current_store(), datetime.now(UTC), dry_run=dry_run, all_unknown=all_unknown):
            count += 1
            click.echo(f"{each.key}  {each.reason}")
    except StoreError as error:
        raise click.ClickException(f"{error} {count:,} are done; sweep again for the rest.") from None
    except TooMuchUnknown as error:
        advice = "If an older database was restored, they are files that were uploaded since: see `restore-check`."
        raise click.ClickException(f"{error} {advice} To remove them, add --all-unknown.") from None
    click.echo(f"{count:,} would go." if dry_run else f"{count:,} are gone.")


@users.command(help="Remove WHO for good, with their blogs, shares and files. Who logs in again begins anew.")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(who: str, *, yes: bool) -> None:
    with database().read() as db:
        user = find_user(db, who)
    if not yes:
        click.confirm(f"Delete {described(user)}, and all that is theirs?", abort=True)
    delete_user(user.id)
    record("user_deleted", user)
    click.echo(f"Deleted {described(user)}.")
    try:
        count = delete_files_of(user.id)
    except StoreError as error:
        raise click.ClickException(f"{error} `store sweep` removes the files that are left, in a day.") from None
    click.echo(f"{count:,} files are gone.")


@click.command(
    "restore-check",
    help="End every session, skip the ids that may be taken, forget what is cached, and compare the store with the "
    "database; after a restore. "
    "Ends with 1 when the store lacks files.",
)
@with_appcontext
def restore_check() -> None:
    click.echo(f"Ended the sessions of {_outdate_everybody():,} users: they log in again.")
    _skip_ids()
    click.echo(f"Skipped {SKIPPED:,} ids of each kind: those that were given out since the backup are not given again.")
    click.echo(_clear_redis())
    try:
        found = stored(current_store())
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


def _skip_ids() -> None:
    """Have new rows begin beyond the ids that the lost ones had, whose addresses people may still have."""
    with database().write() as db:
        # An `id` is what its database counts; those that say only what belongs to what have none.
        for table in (each for each in Base.metadata.sorted_tables if "id" in each.columns):
            if db.get_bind().dialect.name == "postgresql":
                sequence = func.pg_get_serial_sequence(table.name, "id")
                db.execute(select(func.setval(sequence, func.nextval(sequence) + SKIPPED)))
            elif not cast(CursorResult[Any], db.execute(_MOVE, {"by": SKIPPED, "name": table.name})).rowcount:
                db.execute(_BEGIN, {"by": SKIPPED, "name": table.name})


def _clear_redis() -> str:
    try:
        cleared = cache().clear()
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
