"""The page of one's drafts."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user
from app.blogs import drafts
from app.current import database
from app.web.paging import page_shown
from app.web.told import redirect_and_tell

blueprint = Blueprint("drafts", __name__, url_prefix="/blogs/drafts")


@blueprint.get("")
def index() -> ResponseReturnValue:
    shown = page_shown()
    with database().read() as db:
        # At most MAX_DRAFTS, and none of their texts.
        found = drafts.drafts_by(db, current_user().id)
    older = [draft for draft in found if shown.after is None or _place(draft) < shown.after]
    page = older[: shown.limit]
    following = _place(page[-1]) if len(older) > len(page) else None
    return render_template("blogs/drafts.html", drafts=page, next=following, after=shown.after)


def _place(draft: Any) -> int:
    """Where it is in the list, also once it is thrown away: by its time, in microseconds."""
    return int(draft.updated_at.timestamp() * 1_000_000)


@blueprint.post("/<key:key>/delete")
def delete(key: str) -> ResponseReturnValue:
    with database().write() as db:
        drafts.throw_away(db, current_user().id, key)
    return redirect_and_tell(url_for("drafts.index"), "thrown_away")
