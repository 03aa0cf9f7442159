"""`flask store`: the place where the files are; `flask doctor`: what is wrong with this deployment."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from flask.cli import AppGroup, with_appcontext

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


@store.command("doctor", help="Try every promise of the store; the disk's needs the blog to be running.")
def examine_store() -> None:
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


@click.command(help="Say what is wrong with this deployment, and how to mend it. Ends with 1 when something is.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, for programs.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    # Here for the same reason.
    from app.doctor.deployment import Finding, examine

    found: list[Finding] = []
    for finding in examine():
        found.append(finding)
        if not as_json:
            click.echo(f"{finding.state:5}  {finding.about:8}  {finding.sentence}")
    wrong = sum(finding.state == "WRONG" for finding in found)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        click.echo(f"\n{f'{wrong} to mend.' if wrong else 'Nothing to mend.'}")
    if wrong:
        raise SystemExit(1)


def _report(promises: Sequence[Promise]) -> None:
    width = max(len(promise.name) for promise in promises)
    for promise in promises:
        line = f"{'holds' if promise.holds else 'BROKEN':6}  {promise.name:{width}}  {promise.detail}"
        click.echo(line.rstrip())
    broken = sum(not promise.holds for promise in promises)
    click.echo(f"\n{len(promises) - broken} of {len(promises)} hold.")
    if broken:
        raise SystemExit(1)
