"""`flask backup`: a copy of the database that is whole, whatever is written meanwhile."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy import URL, make_url

from app.current import settings


@click.command(help="Copy the database into FILE, which must not be there yet. The blog may run meanwhile.")
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    if file.exists():
        raise click.ClickException(f"{file} is there already: a backup is never overwritten.")
    url, growing = make_url(settings().database_url), file.with_name(f"{file.name}.part")
    try:
        # For this user alone, from its first byte. A file with its final name is a whole backup.
        os.close(os.open(growing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        (_copy_sqlite if url.get_backend_name() == "sqlite" else _dump_postgresql)(url, growing)
        growing.rename(file)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"{error.filename} is not there. PostgreSQL's client programs have pg_dump."
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise click.ClickException(f"The backup failed: {error}") from None
    finally:
        growing.unlink(missing_ok=True)
    click.echo(f"{file}: {file.stat().st_size:,} bytes. Now copy the files of the store: docs/backup.md says how.")


def _copy_sqlite(url: URL, target: Path) -> None:
    # In one step, which reads one state of the database. With smaller ones it would begin anew after each write.
    # `rw`: what is not there is not made.
    address = f"{Path(str(url.database)).absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _dump_postgresql(url: URL, target: Path) -> None:
    # The password by the environment, since anybody may list a program's arguments.
    address = url.set(drivername="postgresql", password=None).render_as_string()
    environment = {**os.environ, "PGPASSWORD": url.password or ""}
    command = ["pg_dump", "--format=custom", "--file", str(target), "--dbname", address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise OSError(done.stderr.strip() or f"pg_dump ended with {done.returncode}")
