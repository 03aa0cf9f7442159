"""Blogs as JSON, for programs."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.auth.guard import logged_in
from app.blogs import queries
from app.blogs.forms import Change, Draft
from app.current import database
from app.sharing import queries as sharing
from app.sharing.forms import Invitation
from app.sharing.queries import NO_SUCH_BLOG
from app.web.reads import document
from app.web.validation import read_json

blueprint = Blueprint("blogs_api", __name__, url_prefix="/api")


@blueprint.get("/blogs")
def index() -> ResponseReturnValue:
    return _json(document(queries.blogs_by(logged_in().scope)))


@blueprint.get("/blogs/<id:blog_id>")
def show(blog_id: int) -> ResponseReturnValue:
    visitor = logged_in()
    own, visible = queries.blog_by(visitor.scope, blog_id), queries.blog_visible_to(visitor, blog_id)
    return _json(document(own, NO_SUCH_BLOG, otherwise=visible))


@blueprint.post("/blogs")
def create() -> ResponseReturnValue:
    draft = read_json(Draft)
    with database().write() as db:
        blog = queries.publish(db, logged_in().id, draft)
    return _json(document(queries.blog_as_saved(logged_in().scope, blog.id)), 201)


@blueprint.patch("/blogs/<id:blog_id>")
def update(blog_id: int) -> ResponseReturnValue:
    change = read_json(Change)
    with database().write() as db:
        queries.revise(db, logged_in().id, blog_id, change)
    return _json(document(queries.blog_as_saved(logged_in().scope, blog_id)))


@blueprint.delete("/blogs/<id:blog_id>")
def delete(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.remove(db, logged_in().id, blog_id)
    return "", 204


@blueprint.get("/shared")
def shared() -> ResponseReturnValue:
    return _json(document(queries.blogs_shared_with(logged_in())))


@blueprint.get("/blogs/<id:blog_id>/shares")
def shares(blog_id: int) -> ResponseReturnValue:
    document(queries.blog_by(logged_in().scope, blog_id), NO_SUCH_BLOG)
    return _json(document(sharing.shares_of(logged_in().id, blog_id)))


@blueprint.post("/blogs/<id:blog_id>/shares")
def share(blog_id: int) -> ResponseReturnValue:
    invitation = read_json(Invitation)
    with database().write() as db:
        share = sharing.share(db, logged_in(), blog_id, invitation)
    return _json(sharing.document_of(share), 201)


@blueprint.delete("/blogs/<id:blog_id>/shares/<id:share_id>")
def stop_sharing(blog_id: int, share_id: int) -> ResponseReturnValue:
    with database().write() as db:
        sharing.stop_sharing(db, logged_in().id, blog_id, share_id)
    return "", 204


def _json(document: bytes, status: int = 200) -> Response:
    return Response(document, status, mimetype="application/json")
