"""`flask store`: the place where the files are."""

import json
from collections.abc import Sequence

import click
from flask.cli import AppGroup

from app.current import settings
from app.doctor import setup as bucket
from app.doctor.setup import Promise
from app.storage.current import store as current_store
from app.storage.disk import DiskStore
from app.storage.s3 import S3Store, translated
from app.storage.store import StoreError

store = AppGroup("store", help="The place where the files are.")


@store.command(
    help="Tell the bucket which pages may upload, close it to the public, and print the least policy the blog needs."
)
def setup() -> None:
    chosen = current_store()
    if not isinstance(chosen, S3Store):
        click.echo("The files are on this machine's disk: there is nothing to set up.")
        return
    try:
        with translated():
            promises = bucket.setup(chosen, settings().base_url)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    click.echo("The least policy for the blog's own keys:\n")
    click.echo(json.dumps(bucket.iam_policy(chosen.bucket, chosen.prefix), indent=2) + "\n")
    _report(promises)


@store.command(help="Try every promise of the store; the disk's needs the blog to be running.")
def doctor() -> None:
    # Here, because a worker imports this module when it starts, and needs no HTTP client for that.
    from app.doctor.examinations import answers, examine, shows_files_of

    chosen, base_url = current_store(), settings().base_url
    if isinstance(chosen, DiskStore) and not answers(base_url):
        raise click.ClickException(f"The blog does not answer at {base_url}: its disk store works only while it runs.")
    try:
        if isinstance(chosen, DiskStore) and not shows_files_of(chosen, base_url):
            elsewhere = "it is another blog, or has other settings"
            raise click.ClickException(f"What answers at {base_url} does not show this blog's files: {elsewhere}.")
        promises = examine(chosen, base_url)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    _report(promises)


def _report(promises: Sequence[Promise]) -> None:
    width = max(len(promise.name) for promise in promises)
    for promise in promises:
        line = f"{'holds' if promise.holds else 'BROKEN':6}  {promise.name:{width}}  {promise.detail}"
        click.echo(line.rstrip())
    broken = sum(not promise.holds for promise in promises)
    click.echo(f"\n{len(promises) - broken} of {len(promises)} hold.")
    if broken:
        raise SystemExit(1)
