"""The page of a person's own settings, which shows itself again when a form of it was not filled in well."""

from collections import Counter
from collections.abc import Callable, Iterator

from flask import Response, render_template, request, session, stream_template
from flask.typing import ResponseReturnValue
from pydantic_core import from_json, to_json

from app.account.bodies import MAX_FILES
from app.account.imports import REFUSED, TAKEN, THERE, ImportOutcome
from app.auth.guard import current_user
from app.auth.queries import open_sessions
from app.auth.session import record_of
from app.auth.usage import usage_of
from app.current import database, settings
from app.errors import Invalid
from app.log import of_request
from app.sharing import queries as sharing
from app.web import audit
from app.web.pages import page
from app.web.paging import page_shown
from app.web.reads import fetch_json

CONFIRMING = "delete"
SETTLED = {"max_files": MAX_FILES}


class AccountPage:
    """What one has, of what one may have; whom one has blocked, by pages; where one is logged in; and what else one may
    do with it all.
    """

    def page(self) -> Response:
        shown = page_shown()
        return page(
            "account/show.html", current_user(), self._documents(), **SETTLED, after=shown.after, values={}, errors={}
        )

    def again(self, problem: Invalid) -> ResponseReturnValue:
        documents = {name: from_json(document) for name, document in self._documents().items()}
        typed = {"values": request.form, "errors": problem.fields}
        return render_template("account/show.html", **documents, **SETTLED, after=None, **typed), problem.status

    def _documents(self) -> dict[str, bytes]:
        visitor = current_user()
        return {
            "usage": to_json(usage_of(database(), visitor.id, settings())),
            "blocked": fetch_json(sharing.blocked_by(visitor.id, page_shown())),
            "sessions": to_json(self._sessions(visitor.id)),
        }

    def _sessions(self, user_id: int) -> list[dict[str, object]]:
        with database().read() as db:
            found = open_sessions(db, user_id)
        shown = ("address", "browser", "opened_at")
        own = record_of(session)
        return [{name: getattr(each, name) for name in shown} | {"is_this": each.id == own} for each in found]


class ImportPage:
    """What became of each file, told as it happens. `done` is called after the last, and when the page is closed."""

    def __init__(self, outcomes: Iterator[ImportOutcome], done: Callable[[], None]) -> None:
        self._outcomes, self._done = outcomes, done

    def page(self) -> Response:
        # The trail's line is written when the request has been forgotten already.
        noted = of_request.get()
        counts = Counter({TAKEN: 0, THERE: 0, REFUSED: 0})

        def counted() -> Iterator[ImportOutcome]:
            for outcome in self._outcomes:
                counts[outcome.state] += 1
                yield outcome
            # Before the page ends: it tells its reader that the next import may come.
            self._done()
            of_request.set(noted)
            audit.record("import", **counts)
            of_request.set(None)

        response = Response(stream_template("account/import.html", outcomes=counted(), counts=counts))
        response.call_on_close(self._done)
        # Or a proxy would keep the lines until there are many.
        response.headers["X-Accel-Buffering"] = "no"
        return response


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
