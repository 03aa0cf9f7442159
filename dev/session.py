"""`bin/session`: a logged-in session for a person's own hands. It is no part of what is deployed."""

import argparse
import contextlib
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dev.arguments import Parser, asks_for_help
from dev.bootstrap import DEV_LOCK, continue_in_environment, prepare
from dev.people import is_email, person_with
from dev.served import loaded, local_issuer, served
from dev.steps import SetupError, say
from dev.tools import WITH_WINDOW, browser, require_display

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser, Page, StorageState

    from app.auth.models import User
    from app.config import Settings

HELP = """\
bin/session WHO [--curl [PATH] | --storage-state FILE | --open [PATH]] [--site URL [--yes]]
  WHO                    the e-mail of the person to be; in development somebody is made who has it
  --curl [PATH]          print a command that asks for PATH; this is what it does without any of the three
  --storage-state FILE   write the session as Playwright's storage state
  --open [PATH]          open a browser at PATH, and wait until it is closed
  --site URL             on a deployed site, with its settings in the environment or in .env
  --yes                  do not ask before acting on that site
Whoever has a session is logged in: keep it as you would a password."""


def session(arguments: list[str]) -> int:
    if asks_for_help(arguments):
        print(HELP)
        return 0
    options = parsed(arguments)
    if options.open:
        require_display()
    prepare(DEV_LOCK)
    continue_in_environment()
    settings = settings_of(options.site) if options.site else settings_here()
    if options.site:
        confirm(settings, options.who, agreed=options.yes)
    name, value = cookie = signed(settings, options.who)
    if options.storage_state:
        keep(options.storage_state, storage_state(settings, *cookie))
        say(f"{options.storage_state} is a session of {options.who} at {settings.base_url}.\n")
    elif options.open:
        show(settings, storage_state(settings, *cookie), options.open)
    else:
        print(curl(settings.base_url, f"{name}={value}", options.curl or "/"))
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/session", HELP)
    parser.add_argument("who", metavar="WHO", type=email)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--curl", metavar="PATH", nargs="?", const="/", type=path)
    way.add_argument("--storage-state", metavar="FILE", type=from_the_callers_folder)
    way.add_argument("--open", metavar="PATH", nargs="?", const="/", type=path)
    parser.add_argument("--site", metavar="URL")
    parser.add_argument("--yes", action="store_true")
    return parser.parse_args(arguments)


def email(text: str) -> str:
    if not is_email(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an e-mail address")
    return text.lower()


def path(text: str) -> str:
    if not re.fullmatch(r"/(?!/)[!-\[\]-~]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a path of the blog, such as /blogs")
    return text


def from_the_callers_folder(text: str) -> Path:
    return Path(os.environ.get("INKWELL_CALLED_FROM", ".")) / text


def settings_here() -> "Settings":
    settings = served()
    if settings.production:
        raise SetupError("bin/session: APP_ENV is production; name the deployed site with --site URL.")
    return settings


def settings_of(site: str) -> "Settings":
    os.environ["BASE_URL"] = site
    settings = loaded()
    missing = [] if settings.production else ["APP_ENV=production"]
    missing += [name.upper() for name in ("database_url",) if name not in settings.model_fields_set]
    if missing:
        raise SetupError(f"bin/session: --site needs that site's settings; set {' and '.join(missing)}.")
    return settings


def confirm(settings: "Settings", who: str, *, agreed: bool) -> None:
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url)
    say(f"Site:      {settings.base_url}\nDatabase:  {url.database}{f' at {url.host}' if url.host else ''}\n")
    say(f"Person:    {who}\n")
    if agreed:
        return
    if not sys.stdin.isatty():
        raise SetupError("bin/session: there is no terminal to ask at; add --yes if this is what you want.")
    say("Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise SetupError("Nothing was done.")


def signed(settings: "Settings", who: str) -> tuple[str, str]:
    """The name and value of the cookie of a new session."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.factory import create_app
    from tests.factories.session import SessionFactory

    app = create_app(settings)
    try:
        user = person_in(app, settings, who)
    except SQLAlchemyError as error:
        what_to_do = "see to DATABASE_URL" if settings.production else "start the blog once, with bin/run"
        raise SetupError(f"The blog's database cannot be used ({type(error).__name__}): {what_to_do}.") from None
    finally:
        app.extensions["database"].close()
    cookie = SessionFactory(app)(user)
    return cookie.name, cookie.value


def person_in(app: "Flask", settings: "Settings", who: str) -> "User":
    """That person as their provider knows them; the local provider's are made, as at their first login."""
    from sqlalchemy import func, select

    from app.auth.models import User
    from app.auth.oidc import Identity
    from app.auth.queries import find_or_create_user

    issuer = settings.oidc_issuer if settings.oidc_client_id else local_issuer(settings)
    with app.extensions["database"].write() as db:
        found: list[User] = list(
            db.scalars(select(User).where(User.issuer == issuer, func.lower(User.email) == who).limit(2))
        )
        if not found and not settings.oidc_client_id:
            claims = person_with(who).claims("openid email profile")
            identity = (claims[name] for name in ("sub", "name", "email", "email_verified"))
            found = [find_or_create_user(db, Identity(issuer, *identity))]
    if len(found) != 1:
        how_many = "More than one person has" if found else "Nobody has"
        raise SetupError(f"{how_many} logged in at {settings.base_url} as {who}.")
    user = found[0]
    if user.disabled:
        raise SetupError(f"The account of {who} is closed.")
    return user


def curl(base_url: str, cookie: str, path: str) -> str:
    # The blog takes writes from its own origin alone.
    return shlex.join(["curl", "-H", f"Cookie: {cookie}", "-H", f"Origin: {base_url}", f"{base_url}{path}"])


def storage_state(settings: "Settings", name: str, value: str) -> "StorageState":
    from urllib.parse import urlsplit

    from app.auth.session_cookie import IDLE_LIFETIME

    return {
        "cookies": [
            {
                "name": name,
                "value": value,
                "domain": str(urlsplit(settings.base_url).hostname),
                "path": "/",
                "expires": time.time() + IDLE_LIFETIME.total_seconds(),
                "httpOnly": True,
                "secure": settings.production,
                "sameSite": "Lax",
            }
        ],
        "origins": [],
    }


def keep(file: Path, state: Any) -> None:
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as kept:  # noqa: PTH123  a descriptor
            # A file that was there before may be open to others.
            os.fchmod(kept.fileno(), 0o600)
            kept.truncate()
            json.dump(state, kept, indent=2)
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None


def show(settings: "Settings", state: "StorageState", path: str) -> None:
    from playwright.sync_api import sync_playwright

    program = browser(WITH_WINDOW)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, headless=False, args=["--disable-quic"])
        with opened(chromium, state, f"{settings.base_url}{path}") as page:
            while page.context.pages:
                page.context.pages[0].wait_for_event("close", timeout=0)


@contextlib.contextmanager
def opened(chromium: "Browser", state: "StorageState", url: str) -> Iterator["Page"]:
    """A page that is logged in there, until it or the whole browser is closed."""
    from playwright.sync_api import Error

    page = chromium.new_context(storage_state=state, no_viewport=True).new_page()
    try:
        page.goto(url)
    except Error:
        raise SetupError(f"{url} does not answer: start the blog with bin/run.") from None
    with contextlib.suppress(Error):
        yield page
