"""The pages that people read and write on."""

from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user, current_user_or_none
from app.blogs import queries
from app.blogs.form_pages import MENDABLE, EditForm, NewForm, ShareForm, as_ruled, own_blog, typed, without
from app.blogs.forms import Change
from app.blogs.markdown import minutes
from app.blogs.search import find
from app.blogs.tags import tag_of
from app.current import database
from app.errors import NotFound
from app.sharing import queries as sharing
from app.sharing.forms import Invitation
from app.sharing.queries import NO_SUCH_BLOG
from app.web import audit
from app.web.idempotency import checked_key
from app.web.marks import public
from app.web.pages import page
from app.web.paging import page_shown
from app.web.reads import fetch, fetch_json
from app.web.told import redirect_and_tell
from app.web.validation import validate

blueprint = Blueprint("blogs", __name__)


@blueprint.app_template_filter("day")
def day(timestamp: str | datetime) -> str:
    moment = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
    return f"{moment.day} {moment:%B %Y}"


@blueprint.app_template_filter("minutes")
def minutes_to_read(words: int) -> int:
    return minutes(words)


@blueprint.app_template_filter("months")
def months(blogs: list[Any]) -> list[tuple[str, list[Any]]]:
    """The blogs of each month, as they come."""
    named = groupby(blogs, lambda blog: f"{datetime.fromisoformat(blog['created_at']):%B %Y}")
    return [(month, list(rows)) for month, rows in named]


@blueprint.get("/")
@public
def landing() -> ResponseReturnValue:
    return page("landing.html", current_user_or_none(), {})


@blueprint.get("/about")
@public
def about() -> ResponseReturnValue:
    return page("about.html", current_user_or_none(), {})


@blueprint.get("/blogs")
def index() -> ResponseReturnValue:
    """One's own blogs; with `?tag=`, those with that tag."""
    visitor, shown = current_user(), page_shown()
    tag = tag_of(request.args.get("tag", "")) if request.query_string else ""
    cards = queries.cards_tagged(visitor.scope, tag, shown) if tag else queries.cards_by(visitor.scope, shown)
    return page("blogs/index.html", visitor, {"blogs": fetch_json(cards)}, after=shown.after, tag=tag)


@blueprint.get("/blogs/shared")
def shared() -> ResponseReturnValue:
    visitor, shown = current_user(), page_shown()
    documents = {"shared": fetch_json(queries.cards_shared_with(visitor, shown))}
    return page("blogs/shared.html", visitor, documents, after=shown.after, address=visitor.verified_email)


@blueprint.get("/blogs/search")
def search() -> ResponseReturnValue:
    """One's own blogs with all the words of `?q=`, by pages."""
    typed, shown = request.args.get("q", ""), page_shown()
    with database().read() as db:
        found, following = find(db, current_user().id, typed, shown)
    return render_template("blogs/search.html", typed=typed, found=found, next=following, after=shown.after)


@blueprint.get("/blogs/new")
def new() -> ResponseReturnValue:
    return NewForm().opened()


@blueprint.post("/blogs/new")
def create() -> ResponseReturnValue:
    """The form's steps: `review` shows what was typed, `edit` goes back to it, `save` publishes it."""
    step, form = request.form.get("step", "review"), NewForm(without(typed(), "step"))
    try:
        if step == "save":
            _publish(form)
        else:
            form.keep()
            return form.page(form.values, {}) if step == "edit" else form.review()
    except MENDABLE as problem:
        return form.again(problem)
    return redirect_and_tell(url_for("blogs.index"), "saved")


def _publish(form: NewForm) -> None:
    draft, key = form.draft(), checked_key(form.values.get("key"))
    with database().write() as db:
        blog = queries.publish(db, current_user().id, draft, key)
    audit.record("publish", blog=blog.id)


@blueprint.get("/blogs/<id:blog_id>")
def show(blog_id: int) -> ResponseReturnValue:
    return ShareForm(blog_id).page()


@blueprint.get("/blogs/<id:blog_id>/edit")
def edit(blog_id: int) -> ResponseReturnValue:
    return EditForm(blog_id).opened()


@blueprint.post("/blogs/<id:blog_id>/edit")
def update(blog_id: int) -> ResponseReturnValue:
    try:
        values = without(typed(), "key", "revision") | {"version": request.form.get("version", 0, type=int)}
        change = validate(Change, as_ruled(values))
        with database().write() as db:
            queries.revise(db, current_user().id, blog_id, change, request.form.get("key"))
    except MENDABLE as problem:
        return EditForm(blog_id).again(problem)
    return redirect_and_tell(url_for("blogs.show", blog_id=blog_id), "changed")


@blueprint.get("/blogs/<id:blog_id>/delete")
def confirm_delete(blog_id: int) -> ResponseReturnValue:
    return render_template("blogs/delete.html", blog=own_blog(blog_id))


@blueprint.post("/blogs/<id:blog_id>/delete")
def delete(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.remove(db, current_user().id, blog_id)
    audit.record("delete", blog=blog_id)
    return redirect_and_tell(url_for("blogs.index"), "binned", blog_id)


@blueprint.post("/blogs/<id:blog_id>/shares")
def share(blog_id: int) -> ResponseReturnValue:
    # First, since the page that blames what was typed is the owner's alone.
    own_blog(blog_id)
    try:
        invitation = validate(Invitation, request.form.to_dict())
        with database().write() as db:
            made = sharing.share(db, current_user(), blog_id, invitation)
        audit.record("share", blog=blog_id, share=made.id, to=made.email)
    except MENDABLE as problem:
        return ShareForm(blog_id).again(problem)
    return _back_to_shares(blog_id, "shared")


@blueprint.post("/blogs/<id:blog_id>/shares/<id:share_id>/delete")
def stop_sharing(blog_id: int, share_id: int) -> ResponseReturnValue:
    with database().write() as db:
        sharing.stop_sharing(db, current_user().id, blog_id, share_id)
    audit.record("stop_sharing", blog=blog_id, share=share_id)
    return _back_to_shares(blog_id, "unshared")


@blueprint.get("/blogs/<id:blog_id>/decline")
def confirm_decline(blog_id: int) -> ResponseReturnValue:
    return render_template("blogs/decline.html", blog=_shared_blog(blog_id))


@blueprint.post("/blogs/<id:blog_id>/decline")
def decline(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        sharing.decline(db, current_user(), blog_id)
    audit.record("decline", blog=blog_id)
    return redirect_and_tell(url_for("blogs.shared"), "declined")


@blueprint.post("/blogs/<id:blog_id>/block")
def block(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        block = sharing.block(db, current_user(), blog_id)
    audit.record("block", block=block.id)
    return redirect_and_tell(url_for("account.show", _anchor="blocked"), "blocked")


def _shared_blog(blog_id: int) -> Any:
    """The blog of somebody else that the visitor may read."""
    if fetch(queries.blog_by(current_user().scope, blog_id)):
        raise NotFound(NO_SUCH_BLOG)
    return fetch(queries.blog_visible_to(current_user(), blog_id), NO_SUCH_BLOG)


def _back_to_shares(blog_id: int, act: str) -> ResponseReturnValue:
    return redirect_and_tell(url_for("blogs.show", blog_id=blog_id, _anchor="shares"), act)
