"""`flask users`: who has logged in, and who may go on."""

import os
import pwd

import click
from flask.cli import AppGroup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.addresses import comparable
from app.auth.models import User
from app.auth.queries import end_sessions
from app.current import database
from app.web import audit

users = AppGroup("users", help="The people who have logged in. WHO is an id or an e-mail address.")


@users.command("list", help="List everybody: id, state, since when, e-mail address (* unless verified) and name.")
def list_users() -> None:
    with database().read() as db:
        for user in db.scalars(select(User).order_by(User.id)):
            state = "disabled" if user.disabled else "enabled"
            email = f"{user.email or '-'}{'' if user.email_verified else ' *'}"
            click.echo(f"{user.id:>6}  {state:8}  {user.created_at:%Y-%m-%d}  {email}  {user.name}")


@users.command(help="Let nobody in as WHO any more, and end their sessions.")
@click.argument("who")
def disable(who: str) -> None:
    with database().write() as db:
        user = find_user(db, who)
        user.disabled = True
        db.flush()
        end_sessions(db, user.id)
    record("user_disabled", user)
    click.echo(f"Disabled {described(user)}.")


@users.command(help="Let WHO log in again.")
@click.argument("who")
def enable(who: str) -> None:
    with database().write() as db:
        user = find_user(db, who)
        user.disabled = False
    record("user_enabled", user)
    click.echo(f"Enabled {described(user)}.")


@users.command("end-sessions", help="Log WHO out everywhere.")
@click.argument("who")
def end_sessions_of(who: str) -> None:
    with database().write() as db:
        user = find_user(db, who)
        end_sessions(db, user.id)
    record("sessions_ended", user)
    click.echo(f"Ended the sessions of {described(user)}.")


def find_user(session: Session, who: str) -> User:
    """The one user of that id or e-mail address. Raises ClickException, which names them if they are several."""
    if who.isascii() and who.isdigit():
        found = list(session.scalars(select(User).where(User.id == min(int(who), 2**63 - 1))))
    else:
        # A database folds more letters than addresses do, or fewer.
        spelled = select(User).where(func.lower(User.email) == comparable(who)).order_by(User.id)
        found = [user for user in session.scalars(spelled) if comparable(user.email or "") == comparable(who)]
    if not found:
        raise click.ClickException(f"Nobody has the {'id' if who.isdigit() else 'e-mail address'} {who}.")
    if len(found) > 1:
        named = "; ".join(map(described, found))
        raise click.ClickException(f"Several people have the e-mail address {who}; name one by the id: {named}.")
    return found[0]


def record(event: str, user: User) -> None:
    """Have the audit trail say what was done to whom, and which user of this machine did it."""
    audit.record(event, whom=user.id, operator=os.environ.get("SUDO_USER") or _user_of_this_machine())


def _user_of_this_machine() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # As in a container, whose user need not have a name.
        return str(os.getuid())


def described(user: User) -> str:
    return f"{user.id}, {user.name} ({user.email or 'no e-mail address'})"
