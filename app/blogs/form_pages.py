"""The forms as pages. Each shows itself, and when saving failed it shows itself again: what was typed, and why."""

import re
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic_core import from_json
from sqlalchemy.exc import OperationalError

from app.attachments.models import Attachment
from app.attachments.queries import NoSuchAttachment, ready_file
from app.auth.guard import current_user
from app.blogs import queries
from app.blogs.drafts import StoredDraft, document_of, draft_of, key_of_edit, own_draft, save_draft
from app.blogs.forms import Draft, Typed
from app.blogs.tags import stored
from app.current import database
from app.db import MAX_ID
from app.errors import Changed, InkwellError, Invalid, KeyReused, NotFound, OverQuota
from app.sharing import queries as sharing
from app.sharing.queries import NO_SUCH_BLOG
from app.web.idempotency import new_key
from app.web.pages import page
from app.web.paging import page_shown
from app.web.paths import KeyConverter
from app.web.reads import fetch, fetch_json
from app.web.validation import validate

# What a person types.
WORDS = ("title", "content", "tags")
# What a person can mend by the form that is shown again. Whatever else goes wrong has a page of its own.
MENDABLE = (Invalid, NoSuchAttachment, Changed, NotFound, KeyReused)


def typed() -> dict[str, Any]:
    """The form's fields. A form knows only text: no image is an empty one."""
    fields: dict[str, Any] = request.form.to_dict()
    if "attachment_id" in fields:
        fields["attachment_id"] = request.form.get("attachment_id", fields["attachment_id"], type=int) or None
    return fields


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def as_ruled(values: dict[str, Any]) -> dict[str, Any]:
    """The form's fields as the rules are for them, which know tags as a list."""
    return {**values, "tags": [values["tags"]]} if "tags" in values else values


def keep_as_draft(values: dict[str, Any], **of_edit: Any) -> dict[str, Any]:
    """Have the server keep the form's fields. Returns them with the key and the revision that the form goes on with.

    They stay as they are where that cannot be: what the form is for must not fail of it.
    """
    key = values.get("key", "")
    sent: dict[str, Any] = {name: values[name] for name in (*WORDS, "attachment_id") if name in values}
    if not re.fullmatch(KeyConverter.regex, key) or not any(sent.get(name) for name in WORDS):
        return values
    revision = request.form.get("revision", 0, type=int)
    try:
        draft = _saved_draft(key, validate(Typed, {**sent, **of_edit, "revision": revision}))
    except (Invalid, KeyReused, OperationalError):
        return values
    return {**values, "key": draft.key, "revision": draft.revision}


def _saved_draft(key: str, typed: Typed) -> StoredDraft:
    try:
        with database().write() as db:
            return save_draft(db, current_user().id, key, typed)
    except Changed:
        # Both texts stay: from here on this form has a draft of its own.
        with database().write() as db:
            return save_draft(db, current_user().id, new_key(), typed)


def drafted(key: str) -> StoredDraft | None:
    """The draft with that key, which the address may name. Raises NotFound if it does and there is none."""
    named = request.args.get("draft")
    with database().read() as db:
        if named:
            return own_draft(db, current_user().id, named)
        return draft_of(db, current_user().id, key) if key else None


def uploaded() -> Attachment | None:
    """The file that the form already has, to be shown on its next page."""
    return _ready(request.form.get("attachment_id", 0, type=int))


def _ready(attachment_id: int) -> Attachment | None:
    if not 0 < attachment_id <= MAX_ID:
        return None
    with database().read() as db:
        return ready_file(db, current_user().id, attachment_id)


def own_blog(blog_id: int) -> Any:
    """The visitor's blog. Raises NotFound."""
    return fetch(queries.blog_by(current_user().scope, blog_id), NO_SUCH_BLOG)


class NewForm:
    """All of its pages carry the key that the first one was given, so that what they lead to is saved once."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values = values or {}

    def keep(self) -> None:
        """Have it as a draft, so that it is not lost without JavaScript either."""
        self.values = keep_as_draft(self.values)

    def draft(self) -> Draft:
        """What was typed. Raises Invalid."""
        return validate(Draft, as_ruled(without(self.values, "key", "revision")))

    def opened(self) -> str:
        """An empty form, or the draft that its address names. Raises NotFound."""
        draft = drafted("")
        return self.page(document_of(draft) if draft else {}, {}, draft=draft)

    def review(self) -> str:
        """The blog as it will be read. Raises Invalid."""
        draft = self.draft()
        with database().read() as db:
            html = queries.shown(db, current_user().id, draft.content)
        more = {"values": self.values, "html": html, "attachment": uploaded()}
        return render_template("blogs/review.html", draft=draft, **more)

    def page(self, values: Any, errors: dict[str, str], **more: Any) -> str:
        return render_template("blogs/new.html", values={"key": new_key(), **values}, errors=errors, **more)

    def again(self, problem: InkwellError) -> ResponseReturnValue:
        values = {**request.form, **self.values}
        if isinstance(problem, NoSuchAttachment):
            # It was swept, or belongs elsewhere by now.
            errors = {"Image": f"{problem}. Add it again, or save without it."}
            return self.page({**values, "attachment_id": ""}, errors), problem.status
        if isinstance(problem, KeyReused):
            # Back from the list to a form that was saved, and on with other words.
            return self.page({**values, "key": new_key(), "revision": 0}, {}, saved_before=True), problem.status
        if isinstance(problem, Invalid):
            return self.page(values, _errors(problem)), problem.status
        raise problem


class EditForm:
    def __init__(self, blog_id: int) -> None:
        self.blog_id = blog_id

    def opened(self) -> str:
        """What is saved, or the draft of its edit. `?saved` leaves that draft alone. Raises NotFound."""
        blog = own_blog(self.blog_id)
        is_aside = "saved" in request.args
        key = new_key() if is_aside else key_of_edit(self.blog_id)
        draft = None if is_aside else drafted(key)
        if draft is None:
            values = {**blog, "tags": stored(blog["tags"]), "key": key}
            return self.page(values, {}, attachment=blog["attachment"])
        attachment = _ready(draft.attachment_id or 0)
        values = {**blog, **document_of(draft)}
        return self.page(values, {}, attachment=attachment, draft=draft, is_late=draft.version != blog["version"])

    def page(self, values: Any, errors: dict[str, str], **more: Any) -> str:
        return render_template("blogs/edit.html", blog_id=self.blog_id, values=values, errors=errors, **more)

    def again(self, problem: InkwellError) -> ResponseReturnValue:
        of_edit = {"blog_id": self.blog_id, "version": request.form.get("version", 0, type=int) or None}
        kept = keep_as_draft(typed(), **of_edit)
        shown = {**request.form, "key": kept.get("key", ""), "revision": kept.get("revision", 0)}
        saved = fetch(queries.blog_as_saved(current_user().scope, self.blog_id))
        if isinstance(problem, Invalid):
            return self.page(shown, _errors(problem), attachment=_image(saved)), problem.status
        if saved is None:
            return _as_a_new_one()
        if isinstance(problem, NoSuchAttachment):
            otherwise = "save with the image that is there" if saved["attachment"] else "save without it"
            errors = {"Image": f"{problem}. Add it again, or {otherwise}."}
            return self.page(shown, errors, attachment=saved["attachment"]), problem.status
        # Saving once more replaces knowingly what is shown beside it.
        values = {**shown, "version": saved["version"]}
        more = {"attachment": _image(saved), "saved": saved, "conflict": str(problem)}
        return self.page(values, {}, **more), problem.status


class ShareForm:
    """The blog's page, which ends with the form."""

    def __init__(self, blog_id: int) -> None:
        self.blog_id = blog_id

    def page(self) -> Response:
        """As its owner or somebody it is shared with sees it; only a read for others names the owner."""
        visitor = current_user()
        own, visible = queries.blog_by(visitor.scope, self.blog_id), queries.blog_visible_to(visitor, self.blog_id)
        blog = fetch_json(own, NO_SUCH_BLOG, otherwise=visible)
        if "owner" in from_json(blog):
            return page("blogs/show.html", visitor, {"blog": blog})
        shown = page_shown()
        documents = {"blog": blog, "shares": fetch_json(sharing.shares_of(visitor.id, self.blog_id, shown))}
        return page("blogs/show.html", visitor, documents, after=shown.after, values={}, errors={})

    def again(self, problem: InkwellError) -> ResponseReturnValue:
        if not isinstance(problem, Invalid):
            raise problem
        blog = fetch(queries.blog_by(current_user().scope, self.blog_id), NO_SUCH_BLOG)
        shares = fetch(sharing.shares_of(current_user().id, self.blog_id, page_shown()))
        typed = {"values": request.form, "errors": problem.fields}
        return render_template("blogs/show.html", blog=blog, shares=shares, **typed), problem.status


def _errors(problem: Invalid) -> dict[str, str]:
    """What the form says, by its fields. No field is to blame for what is too much."""
    return {"Space": str(problem)} if isinstance(problem, OverQuota) else problem.fields


def _image(saved: Any) -> Any:
    """What an edit form that is shown again has for an image: its own choice, or the blog's where that is gone."""
    taken_off = request.form.get("attachment_id") == ""
    return None if taken_off else uploaded() or (saved and saved["attachment"])


def _as_a_new_one() -> ResponseReturnValue:
    """What was typed as a new blog, where the one it was to change is gone."""
    values = {name: request.form.get(name, "") for name in WORDS}
    return NewForm().page(values, {}, gone=True), NotFound.status
