"""`flask images`: the images that this machine keeps on its disk."""

import click
from flask.cli import AppGroup

from app.images.current import images as image_server

images = AppGroup("images", help="The images kept on this machine's disk.")


@images.command()
def stats() -> None:
    """Count them."""
    found = image_server().cache.stats()
    rows = {"images": found.entries, "bytes": found.bytes, "bytes at most": found.max_bytes}
    for name, count in rows.items():
        click.echo(f"{name:14} {count:>15,}")


@images.command()
def verify() -> None:
    """Read every one, and drop what is damaged: the next reader has it from the store."""
    dropped = image_server().cache.verify()
    click.echo(f"Dropped {dropped:,} damaged, {image_server().cache.stats().entries:,} are right.")


@images.command()
def clear() -> None:
    """Drop them all: they come back from the store as they are asked for."""
    dropped = image_server().cache.stats().entries
    image_server().cache.clear()
    click.echo(f"Dropped {dropped:,}.")
