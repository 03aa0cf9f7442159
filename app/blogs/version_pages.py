"""What a blog was, and what is in the bin."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user
from app.blogs import queries, versions
from app.blogs.differences import differences
from app.blogs.form_pages import WORDS, own_blog
from app.blogs.tags import stored
from app.current import database
from app.web import audit
from app.web.paging import page_shown
from app.web.told import redirect_and_tell

blueprint = Blueprint("versions", __name__, url_prefix="/blogs")


@blueprint.get("/<id:blog_id>/versions")
def index(blog_id: int) -> ResponseReturnValue:
    blog, shown = own_blog(blog_id), page_shown()
    with database().read() as db:
        found, following = versions.versions_of(db, current_user().id, blog_id, shown)
    return render_template("blogs/versions.html", blog=blog, versions=found, next=following, after=shown.after)


@blueprint.get("/<id:blog_id>/versions/<id:number>")
def show(blog_id: int, number: int) -> ResponseReturnValue:
    """The version, and what the blog has become since, word by word."""
    blog = own_blog(blog_id)
    with database().read() as db:
        version = versions.version_of(db, current_user().id, blog_id, number)
    now = {**blog, "tags": stored(blog["tags"])}
    changes = {name: differences(getattr(version, name), now[name]) for name in WORDS}
    differs = any(part.kind != "same" for parts in changes.values() for part in parts)
    return render_template("blogs/version.html", blog=blog, version=version, changes=changes, differs=differs)


@blueprint.post("/<id:blog_id>/versions/<id:number>/restore")
def restore(blog_id: int, number: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.restore(db, current_user().id, blog_id, number)
    audit.record("restore", blog=blog_id, version=number)
    return redirect_and_tell(url_for("blogs.show", blog_id=blog_id), "restored", blog_id)


@blueprint.get("/bin")
def show_bin() -> ResponseReturnValue:
    shown = page_shown()
    with database().read() as db:
        found, following = versions.binned_by(db, current_user().id, shown)
    days = {"days": versions.BIN_DAYS, "now": datetime.now(UTC)}
    return render_template("blogs/bin.html", blogs=found, next=following, after=shown.after, **days)


@blueprint.post("/bin/<id:blog_id>/restore")
def unbin(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.unbin(db, current_user().id, blog_id)
    audit.record("unbin", blog=blog_id)
    return redirect_and_tell(url_for("blogs.show", blog_id=blog_id), "unbinned", blog_id)


@blueprint.get("/bin/<id:blog_id>/delete")
def confirm_purge(blog_id: int) -> ResponseReturnValue:
    with database().read() as db:
        found = versions.binned(db, current_user().id, blog_id)
    return render_template("blogs/purge.html", blog=found)


@blueprint.post("/bin/<id:blog_id>/delete")
def purge(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.purge(db, current_user().id, blog_id)
    audit.record("purge", blog=blog_id)
    return redirect_and_tell(url_for("versions.show_bin"), "purged")
