"""What blogs were, and what is in the bin, as JSON."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic_core import to_json

from app.auth.guard import current_user
from app.blogs import queries, versions
from app.blogs.documents import BinnedBlog, ListedVersion, OwnBlog, VersionDocument
from app.blogs.tags import tags_of
from app.current import database
from app.sharing.queries import NO_SUCH_BLOG
from app.web import audit
from app.web.openapi import answers
from app.web.pages import json_answer, json_sent
from app.web.paging import page_sent, send_rows
from app.web.reads import fetch_json

blueprint = Blueprint("versions_api", __name__, url_prefix="/api")


@blueprint.get("/blogs/<id:blog_id>/versions")
@answers(list[ListedVersion], paged=True)
def index(blog_id: int) -> ResponseReturnValue:
    """What one's own blog was, the latest first."""
    fetch_json(queries.blog_by(current_user().scope, blog_id), NO_SUCH_BLOG)
    page = page_sent()
    with database().read() as db:
        found, following = versions.versions_of(db, current_user().id, blog_id, page)
    return send_rows([version._asdict() for version in found], following, page)


@blueprint.get("/blogs/<id:blog_id>/versions/<id:number>")
@answers(VersionDocument, tagged=True)
def show(blog_id: int, number: int) -> ResponseReturnValue:
    """What one's own blog was, whole."""
    fetch_json(queries.blog_by(current_user().scope, blog_id), NO_SUCH_BLOG)
    with database().read() as db:
        version = versions.version_of(db, current_user().id, blog_id, number)
    document = {name: getattr(version, name) for name in VersionDocument.__annotations__}
    return json_answer(to_json(document | {"tags": tags_of(version.tags)}))


@blueprint.post("/blogs/<id:blog_id>/versions/<id:number>/restore")
@answers(OwnBlog)
def restore(blog_id: int, number: int) -> ResponseReturnValue:
    """Make one's own blog what it was; what it is now becomes one more version."""
    with database().write() as db:
        queries.restore(db, current_user().id, blog_id, number)
    audit.record("restore", blog=blog_id, version=number)
    return json_sent(fetch_json(queries.blog_as_saved(current_user().scope, blog_id)))


@blueprint.get("/bin")
@answers(list[BinnedBlog], paged=True)
def show_bin() -> ResponseReturnValue:
    """One's blogs that are in the bin, the latest first."""
    page = page_sent()
    with database().read() as db:
        found, following = versions.binned_by(db, current_user().id, page)
    rows = [{"id": each.blog_id, "title": each.title, "deleted_at": each.binned_at} for each in found]
    return send_rows(rows, following, page)


@blueprint.post("/bin/<id:blog_id>/restore")
@answers(OwnBlog)
def unbin(blog_id: int) -> ResponseReturnValue:
    """Put a blog back, with its readers and its versions."""
    with database().write() as db:
        queries.unbin(db, current_user().id, blog_id)
    audit.record("unbin", blog=blog_id)
    return json_sent(fetch_json(queries.blog_as_saved(current_user().scope, blog_id)))


@blueprint.delete("/bin/<id:blog_id>")
@answers(status=204)
def purge(blog_id: int) -> ResponseReturnValue:
    """Delete a blog that is in the bin for good."""
    with database().write() as db:
        queries.purge(db, current_user().id, blog_id)
    audit.record("purge", blog=blog_id)
    return "", 204
