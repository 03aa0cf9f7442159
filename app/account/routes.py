"""What a person may do with all that is theirs at once."""

from contextlib import suppress

from flask import Blueprint, request, session, url_for
from flask.typing import ResponseReturnValue

from app.account.forms import ChosenName
from app.account.pages import AccountPage, DeletePage
from app.attachments.deletion import delete_files_of, delete_user
from app.auth.guard import current_user
from app.auth.queries import rename
from app.current import database
from app.errors import Invalid
from app.sharing import queries as sharing
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
