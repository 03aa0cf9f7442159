"""One line that tells a person what they have just done, on the page that their browser is sent to.

It travels in a cookie, which the page that shows it takes away: an address would tell it at each reload.
"""

import re
from dataclasses import dataclass

from flask import Response, after_this_request, redirect, request

from app.current import settings

COOKIE = "told"
SECONDS = 60
SENTENCES = {
    "saved": "Your blog is saved.",
    "changed": "Your changes are saved.",
    "binned": "The blog is in the bin, and stays there for 30 days.",
    "unbinned": "The blog is back.",
    "purged": "The blog is gone for good.",
    "thrown_away": "The draft is gone.",
    "restored": "The earlier version is back. The one that it replaced is kept under Versions.",
    "shared": "The blog is shared. No message was sent, so let them know yourself.",
    "unshared": "The blog is no longer shared with them.",
    "declined": "The blog is off your list. Whoever shared it is not told.",
    "blocked": "You will not see what they share with you. They are not told.",
    "unblocked": "They can share blogs with you again.",
    "renamed": "Your name is changed, wherever it is shown.",
    "account_deleted": "Your account is deleted, with everything of yours.",
    "logged_out": "You are logged out, on every device.",
}
VALUE = re.compile(r"([a-z_]+)\.([1-9][0-9]{0,17}|0)")


@dataclass(frozen=True)
class Told:
    """What happened, and to which blog."""

    act: str
    blog_id: int

    @property
    def sentence(self) -> str:
        return SENTENCES[self.act]


def redirect_and_tell(address: str, act: str, blog_id: int = 0) -> Response:
    """Send the browser to that address after an act, whose page says what happened."""
    response = redirect(address, 303)
    value, secure = f"{act}.{blog_id}", settings().production
    response.set_cookie(COOKIE, value, max_age=SECONDS, secure=secure, httponly=True, samesite="Lax")
    assert isinstance(response, Response)  # noqa: S101  for the type checker
    return response


def is_to_tell() -> bool:
    """Whether the page may have something to tell. It costs less than to read the cookies."""
    return f"{COOKIE}=" in request.environ.get("HTTP_COOKIE", "")


def told() -> Told | None:
    """What the page is to tell, which it then tells once."""
    if not is_to_tell():
        return None
    after_this_request(_taken_away)
    found = VALUE.fullmatch(request.cookies.get(COOKIE, ""))
    return Told(found[1], int(found[2])) if found and found[1] in SENTENCES else None


def _taken_away(response: Response) -> Response:
    response.delete_cookie(COOKIE)
    return response
