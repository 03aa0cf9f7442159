"""The page of a person's own settings, which shows itself again when a form of it was not filled in well."""

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic_core import from_json, to_json

from app.auth.guard import current_user
from app.auth.usage import usage_of
from app.current import database, settings
from app.errors import Invalid
from app.sharing import queries as sharing
from app.web.pages import page
from app.web.paging import page_shown
from app.web.reads import fetch_json

CONFIRMING = "delete"


class AccountPage:
    """What one has, of what one may have; whom one has blocked, by pages; and what else one may do with it all."""

    def page(self) -> Response:
        shown = page_shown()
        return page("account/show.html", current_user(), self._documents(), after=shown.after, values={}, errors={})

    def again(self, problem: Invalid) -> ResponseReturnValue:
        documents = {name: from_json(document) for name, document in self._documents().items()}
        typed = {"values": request.form, "errors": problem.fields}
        return render_template("account/show.html", **documents, after=None, **typed), problem.status

    def _documents(self) -> dict[str, bytes]:
        visitor = current_user()
        return {
            "usage": to_json(usage_of(database(), visitor.id, settings())),
            "blocked": fetch_json(sharing.blocked_by(visitor.id, page_shown())),
        }


class DeletePage:
    """The question before an account goes. What confirms it is typed: the address, or where there is none, a word."""

    def __init__(self) -> None:
        self.wanted = current_user().email or CONFIRMING

    def page(self, errors: dict[str, str]) -> str:
        values = {"confirm": request.form.get("confirm", "")}
        return render_template("account/delete.html", wanted=self.wanted, values=values, errors=errors)

    def check(self) -> None:
        """Raises Invalid unless it is confirmed."""
        if request.form.get("confirm", "").strip().casefold() not in (self.wanted.casefold(), CONFIRMING):
            raise Invalid({"confirm": f"Type {self.wanted} to delete your account"})
