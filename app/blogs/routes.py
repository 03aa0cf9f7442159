"""The pages that people read and write on."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.attachments.models import Attachment
from app.attachments.queries import NoSuchAttachment, ready_file
from app.auth.guard import logged_in
from app.blogs import queries
from app.blogs.forms import Change, Draft
from app.current import database
from app.db import MAX_ID
from app.error_handlers import answer
from app.errors import Changed, Invalid, NotFound
from app.sharing import queries as sharing
from app.sharing.forms import Invitation
from app.sharing.queries import NO_SUCH_BLOG
from app.web.marks import public
from app.web.reads import value
from app.web.validation import check

blueprint = Blueprint("blogs", __name__)


@blueprint.app_template_filter("day")
def day(timestamp: str) -> str:
    moment = datetime.fromisoformat(timestamp)
    return f"{moment.day} {moment:%B %Y}"


@blueprint.get("/")
@public
def landing() -> ResponseReturnValue:
    return render_template("landing.html")


@blueprint.get("/blogs")
def index() -> ResponseReturnValue:
    blogs = value(queries.blogs_by(logged_in().scope))
    return render_template("blogs/index.html", blogs=blogs, shared=value(queries.blogs_shared_with(logged_in())))


@blueprint.get("/blogs/new")
def new() -> ResponseReturnValue:
    return _new_form({}, {})


@blueprint.post("/blogs/new")
def create() -> ResponseReturnValue:
    """The form's steps: `review` shows what was typed, `edit` goes back to it, `save` keeps it."""
    typed = _typed()
    step = typed.pop("step", "review")
    if step == "edit":
        return _new_form(typed, {})
    draft = check(Draft, typed)
    if step != "save":
        return render_template("blogs/review.html", draft=draft, attachment=_uploaded())
    with database().write() as db:
        queries.publish(db, logged_in().id, draft)
    return redirect(url_for("blogs.index"), 303)


@blueprint.get("/blogs/<id:blog_id>")
def show(blog_id: int) -> ResponseReturnValue:
    return _blog_page(blog_id, {}, {})


@blueprint.get("/blogs/<id:blog_id>/edit")
def edit(blog_id: int) -> ResponseReturnValue:
    blog = _blog(blog_id)
    return _edit_form(blog_id, blog, {}, attachment=blog["attachment"])


@blueprint.post("/blogs/<id:blog_id>/edit")
def update(blog_id: int) -> ResponseReturnValue:
    change = check(Change, _typed() | {"version": request.form.get("version", 0, type=int)})
    with database().write() as db:
        queries.revise(db, logged_in().id, blog_id, change)
    return redirect(url_for("blogs.show", blog_id=blog_id), 303)


@blueprint.get("/blogs/<id:blog_id>/delete")
def confirm_delete(blog_id: int) -> ResponseReturnValue:
    return render_template("blogs/delete.html", blog=_blog(blog_id))


@blueprint.post("/blogs/<id:blog_id>/delete")
def delete(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.remove(db, logged_in().id, blog_id)
    return redirect(url_for("blogs.index"), 303)


@blueprint.post("/blogs/<id:blog_id>/shares")
def share(blog_id: int) -> ResponseReturnValue:
    # First, since the page that blames what was typed is the owner's alone.
    _blog(blog_id)
    try:
        invitation = check(Invitation, request.form.to_dict())
        with database().write() as db:
            sharing.share(db, logged_in(), blog_id, invitation)
    except Invalid as error:
        return _blog_page(blog_id, request.form, error.fields), 422
    return _back_to_shares(blog_id)


@blueprint.post("/blogs/<id:blog_id>/shares/<id:share_id>/delete")
def stop_sharing(blog_id: int, share_id: int) -> ResponseReturnValue:
    with database().write() as db:
        sharing.stop_sharing(db, logged_in().id, blog_id, share_id)
    return _back_to_shares(blog_id)


@blueprint.errorhandler(Invalid)
def ask_again(error: Invalid) -> ResponseReturnValue:
    """The form as it was typed, with a sentence beside each field to blame."""
    if request.view_args:
        return _edit_form(request.view_args["blog_id"], request.form, error.fields, attachment=_image(_as_saved())), 422
    return _new_form(request.form, error.fields), 422


@blueprint.errorhandler(NoSuchAttachment)
def ask_without_it(error: NoSuchAttachment) -> ResponseReturnValue:
    """The form as it was typed, but for the file, which was swept or belongs elsewhere by now."""
    if not request.view_args:
        errors = {"Image": f"{error}. Add it again, or save without it."}
        return _new_form({**request.form, "attachment_id": ""}, errors), 404
    saved = _as_saved()
    if saved is None:
        return keep_what_was_typed(NotFound(NO_SUCH_BLOG))
    otherwise = "save with the image that is there" if saved["attachment"] else "save without it"
    errors = {"Image": f"{error}. Add it again, or {otherwise}."}
    return _edit_form(saved["id"], request.form, errors, attachment=saved["attachment"]), 404


@blueprint.errorhandler(Changed)
def show_both(error: Changed) -> ResponseReturnValue:
    """What was typed, beside what is saved by now; saving once more replaces it knowingly."""
    saved = _as_saved()
    if saved is None:
        return keep_what_was_typed(NotFound(NO_SUCH_BLOG))
    typed = {**request.form, "version": saved["version"]}
    return _edit_form(saved["id"], typed, {}, attachment=_image(saved), saved=saved, conflict=str(error)), 409


def _typed() -> dict[str, Any]:
    """The form's fields. A form knows only text: no image is an empty one."""
    typed: dict[str, Any] = request.form.to_dict()
    if "attachment_id" in typed:
        typed["attachment_id"] = request.form.get("attachment_id", typed["attachment_id"], type=int) or None
    return typed


def _uploaded() -> Attachment | None:
    """The file that the form already has, to be shown on its next page."""
    attachment_id = request.form.get("attachment_id", 0, type=int)
    if not 0 < attachment_id <= MAX_ID:
        return None
    with database().read() as db:
        return ready_file(db, logged_in().id, attachment_id)


def _image(saved: Any) -> Any:
    """What an edit form that is shown again has for an image: its own choice, or the blog's where that is gone."""
    taken_off = request.form.get("attachment_id") == ""
    return None if taken_off else _uploaded() or (saved and saved["attachment"])


def _as_saved() -> Any:
    """The blog of this request as it is by now; None if it was deleted meanwhile."""
    return value(queries.blog_as_saved(logged_in().scope, (request.view_args or {})["blog_id"]))


@blueprint.errorhandler(NotFound)
def keep_what_was_typed(error: NotFound) -> ResponseReturnValue:
    """The typed text as a new blog, where the one it was to change is gone."""
    if request.endpoint != "blogs.update":
        return answer(error)
    typed = {name: request.form.get(name, "") for name in ("title", "content")}
    return render_template("blogs/new.html", values=typed, errors={}, gone=True), 404


def _blog(blog_id: int) -> Any:
    return value(queries.blog_by(logged_in().scope, blog_id), NO_SUCH_BLOG)


def _blog_page(blog_id: int, values: Any, errors: dict[str, str]) -> str:
    """The blog, as its owner or somebody it is shared with sees it; only a read for others names the owner."""
    visitor = logged_in()
    own, visible = queries.blog_by(visitor.scope, blog_id), queries.blog_visible_to(visitor, blog_id)
    blog = value(own, NO_SUCH_BLOG, otherwise=visible)
    shares = None if "owner" in blog else value(sharing.shares_of(visitor.id, blog_id))
    return render_template("blogs/show.html", blog=blog, shares=shares, values=values, errors=errors)


def _back_to_shares(blog_id: int) -> ResponseReturnValue:
    return redirect(url_for("blogs.show", blog_id=blog_id, _anchor="shares"), 303)


def _new_form(values: Any, errors: dict[str, str]) -> str:
    return render_template("blogs/new.html", values=values, errors=errors)


def _edit_form(blog_id: int, values: Any, errors: dict[str, str], **more: Any) -> str:
    return render_template("blogs/edit.html", blog_id=blog_id, values=values, errors=errors, **more)
