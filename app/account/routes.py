"""What a person may do with all that is theirs at once."""

from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, after_this_request, request, session, url_for
from flask.typing import ResponseReturnValue

from app.account.bodies import hang_up_after_refusal, read_brought
from app.account.exports import exported
from app.account.forms import ChosenName
from app.account.imports import imported
from app.account.pages import AccountPage, DeletePage, ImportPage
from app.account.places import places
from app.attachments.deletion import delete_files_of, delete_user
from app.auth.guard import current_user
from app.auth.queries import rename
from app.current import database
from app.errors import Invalid
from app.images.current import images
from app.sharing import queries as sharing
from app.storage.current import store
from app.storage.store import StoreError
from app.web import audit
from app.web.told import redirect_and_tell
from app.web.validation import validate

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
def show() -> ResponseReturnValue:
    return AccountPage().page()


@blueprint.post("/account/name")
def change_name() -> ResponseReturnValue:
    try:
        chosen = validate(ChosenName, request.form.to_dict())
    except Invalid as problem:
        return AccountPage().again(problem)
    with database().write() as db:
        rename(db, current_user().id, chosen.name)
    return redirect_and_tell(url_for("account.show"), "renamed")


@blueprint.get("/account/export")
def export() -> ResponseReturnValue:
    user_id = current_user().id
    places.take(user_id)
    response = Response(exported(database(), store(), user_id), content_type="application/zip")
    # Not at the end of the zip: it may never begin.
    response.call_on_close(partial(places.leave, user_id))
    name = f"inkwell-{datetime.now(UTC):%Y-%m-%d}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    audit.record("export")
    return response


@blueprint.post("/account/import")
def import_blogs() -> ResponseReturnValue:
    """The page is sent while blogs are taken, a line for each: nobody in between takes the wait for a failure."""
    user_id = current_user().id
    after_this_request(hang_up_after_refusal)
    with ExitStack() as held:
        places.take(user_id)
        held.callback(places.leave, user_id)
        try:
            outcomes = imported(database(), images(), user_id, read_brought(held))
        except Invalid as problem:
            return AccountPage().again(problem)
        return ImportPage(outcomes, held.pop_all().close).page()


@blueprint.get("/account/delete")
def confirm_delete() -> ResponseReturnValue:
    return DeletePage().page({})


@blueprint.post("/account/delete")
def delete() -> ResponseReturnValue:
    question = DeletePage()
    try:
        question.check()
    except Invalid as problem:
        return question.page(problem.fields), problem.status
    delete_user(current_user().id)
    audit.record("account_deleted")
    # Sweeping takes what the store keeps for now.
    with suppress(StoreError):
        delete_files_of(current_user().id)
    session.clear()
    return redirect_and_tell(url_for("blogs.landing"), "account_deleted")


@blueprint.post("/blocks/<id:block_id>/delete")
def unblock(block_id: int) -> ResponseReturnValue:
    with database().write() as db:
        sharing.unblock(db, current_user().id, block_id)
    audit.record("unblock", block=block_id)
    return redirect_and_tell(url_for("account.show", _anchor="blocked"), "unblocked")
