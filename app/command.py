"""The command `inkwell`: what an operator needs, and the commands that the blog's packages bring."""

import os
import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup, routes_command

from app.config import SettingsError, load_settings
from app.factory import create_app

# The folder of the project, or that of the installed packages: wsgi.py and gunicorn's settings are in either.
HOME = Path(__file__).parents[1]


def blog() -> Flask:
    try:
        return create_app(load_settings())
    except SettingsError as error:
        sys.exit(str(error))


# The settings alone read .env: what flask put into the environment would count for more than what bin/flask puts there.
inkwell = FlaskGroup(
    name="inkwell",
    help="The blog of the settings: serving it, and looking after it.",
    create_app=blog,
    load_dotenv=False,
    add_default_commands=False,
    add_version_option=False,
)
# Flask's own say which app is meant, and from which file its settings come.
inkwell.params.clear()
inkwell.add_command(routes_command)


@inkwell.command(
    context_settings={"ignore_unknown_options": True},
    short_help="Serve the blog with gunicorn; takes gunicorn's options.",
    help="Serve the blog with gunicorn, by the settings that come with it. OPTIONS are gunicorn's, and count for more.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(options: tuple[str, ...]) -> None:
    # The same process: whoever started this one signals gunicorn, whose settings read gunicorn's own arguments.
    program = [sys.executable, "-m", "gunicorn", "--config", str(HOME / "gunicorn.conf.py"), *options, "wsgi:app"]
    os.execv(sys.executable, program)  # noqa: S606  no shell is wanted


@inkwell.command(help="Bring the database's schema up to the code. Run it before the new code serves.")
def migrate() -> None:
    # Here, because Alembic takes as long to import as the blog takes to start.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(HOME / "app" / "migrations").replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise click.ClickException(str(error)) from None
