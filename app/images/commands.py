"""`flask images`: the images that this machine keeps on its disk."""

import click
from flask.cli import AppGroup

from app.images.current import images as image_server

images = AppGroup("images", help="The images kept on this machine's disk.")


@images.command(help="Count them.")
def stats() -> None:
    found = image_server().cache.stats()
    rows = {"images": found.entries, "bytes": found.bytes, "bytes at most": found.max_bytes}
    for name, count in rows.items():
        click.echo(f"{name:14} {count:>15,}")


@images.command(help="Read every one, and drop what is damaged: the next reader has it from the store.")
def verify() -> None:
    dropped = image_server().cache.verify()
    click.echo(f"Dropped {dropped:,} damaged, {image_server().cache.stats().entries:,} are right.")


@images.command(help="Drop them all: they come back from the store as they are asked for.")
def clear() -> None:
    dropped = image_server().cache.stats().entries
    image_server().cache.clear()
    click.echo(f"Dropped {dropped:,}.")
