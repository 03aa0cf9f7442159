"""The page of one's drafts."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user
from app.blogs import drafts
from app.current import database
from app.web.told import redirect_and_tell

blueprint = Blueprint("drafts", __name__, url_prefix="/blogs/drafts")


@blueprint.get("")
def index() -> ResponseReturnValue:
    with database().read() as db:
        found = drafts.drafts_by(db, current_user().id)
    return render_template("blogs/drafts.html", drafts=found)


@blueprint.post("/<key:key>/delete")
def delete(key: str) -> ResponseReturnValue:
    with database().write() as db:
        drafts.throw_away(db, current_user().id, key)
    return redirect_and_tell(url_for("drafts.index"), "thrown_away")
