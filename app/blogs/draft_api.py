"""Drafts as JSON: the editor saves them while one types."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic_core import to_json

from app.auth.guard import current_user
from app.blogs import drafts
from app.blogs.documents import DraftDocument, ListedDraft, SavedDraft
from app.blogs.forms import Typed
from app.current import database
from app.errors import Changed
from app.web.openapi import answers
from app.web.pages import json_answer
from app.web.validation import read_json

blueprint = Blueprint("drafts_api", __name__, url_prefix="/api/drafts")


@blueprint.get("")
@answers(list[ListedDraft], tagged=True)
def index() -> ResponseReturnValue:
    """One's drafts, the latest first, without their texts."""
    with database().read() as db:
        found = drafts.drafts_by(db, current_user().id)
    listed = [{name: getattr(draft, name) for name in ListedDraft.__annotations__} for draft in found]
    return json_answer(to_json(listed))


@blueprint.get("/<key:key>")
@answers(DraftDocument, tagged=True)
def show(key: str) -> ResponseReturnValue:
    """One's draft, whole."""
    with database().read() as db:
        document = drafts.document_of(drafts.own_draft(db, current_user().id, key))
    return json_answer(to_json(document))


@blueprint.put("/<key:key>")
@answers(SavedDraft, body=Typed, raises=[Changed])
def save(key: str) -> ResponseReturnValue:
    """Keep what was typed, on top of the revision that one has seen."""
    typed = read_json(Typed)
    with database().write() as db:
        draft = drafts.save_draft(db, current_user().id, key, typed)
        saved = {"key": draft.key, "revision": draft.revision, "updated_at": draft.updated_at.isoformat()}
    return jsonify(saved)


@blueprint.delete("/<key:key>")
@answers(status=204)
def delete(key: str) -> ResponseReturnValue:
    """Throw a draft away."""
    with database().write() as db:
        drafts.throw_away(db, current_user().id, key)
    return "", 204
