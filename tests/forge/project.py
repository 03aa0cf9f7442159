"""What a project tells the harness: three facts, and what it may add."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from .examination import Examine
    from .page import ForgePage
    from .server import Serve


def _nobody() -> Any:
    raise LookupError("Say who: page.login(user), or give the project a new_user")


@dataclass(frozen=True)
class Project:
    """A Flask project under test.

    The three facts: `app`, whose session interface makes the sessions; `login(session, user, **claims)`, which puts
    into a session what a login puts there; and `serve`, which starts the server, such as `gunicorn("small:app")`.
    """

    app: Flask
    login: Callable[..., object]
    serve: "Serve"
    new_user: Callable[[], Any] = _nobody
    """Somebody new, for `page.login()` without a user."""
    home: str = "/"
    """The page that a login leads to."""
    proof: str = ""
    """What only a page of somebody logged in shows, as a CSS selector; nothing: any page will do."""
    why: Callable[[Mapping[str, Any]], str | None] = lambda session: None
    """Why the app refuses a session that is rightly signed and young enough: a sentence, or None."""
    page_class: "type[ForgePage] | None" = None
    """The project's own page, with words of its own."""
    examine: "Examine | None" = None
    """What is wrong with a page, such as what axe finds; asked once of each distinct page of a run."""
    origins: Sequence[str] = field(default=())
    """Other origins that pages may ask, such as a store's or a sign-in provider's."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """What must not be kept of a failing test, beside the app's own keys: a client secret, a store's key."""
