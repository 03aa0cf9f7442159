"""`bin/flask`: the command `inkwell`, for the blog that `bin/run` serves."""

from dev.arguments import asks_for_help
from dev.bootstrap import LOCK, continue_in_environment, prepare
from dev.served import served
from dev.steps import SetupError

HELP = """\
bin/flask COMMAND …   the command inkwell, for the blog that bin/run serves
  doctor            what is wrong with this deployment, and how to mend it
  store doctor      tries every promise of the store; also: setup, sweep
  images stats      the images that are kept for showing; also: verify, clear
  cache stats       the query cache; also: explain, clear
  backup FILE       copies the database while the blog runs
  users list        who has logged in; also: disable, enable, end-sessions, delete
  restore-check     what to run after a backup was restored
  routes            every address of the blog
bin/flask COMMAND --help says more. In production it is inkwell COMMAND."""


def flask(arguments: list[str]) -> int:
    if not arguments or asks_for_help(arguments[:1]):
        print(HELP)
        return 0
    prepare(LOCK)
    continue_in_environment()
    served()
    return carried_out(arguments)


def carried_out(arguments: list[str]) -> int:
    # Only now are the packages there.
    import click

    from app.command import inkwell

    try:
        return inkwell.main(arguments, prog_name="bin/flask", standalone_mode=False) or 0
    except click.UsageError as error:
        raise SetupError(f"bin/flask: {error.format_message()}") from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
