"""Blogs as JSON, for programs."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.auth.guard import logged_in
from app.blogs import queries
from app.blogs.forms import Change, Draft
from app.cached_reads import document
from app.current import database
from app.web.body import read_json

blueprint = Blueprint("blogs_api", __name__, url_prefix="/api/blogs")


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _json(document(queries.blogs_by(logged_in().scope)))


@blueprint.get("/<id:blog_id>")
def show(blog_id: int) -> ResponseReturnValue:
    return _json(document(queries.blog_by(logged_in().scope, blog_id), queries.NO_SUCH_BLOG))


@blueprint.post("")
def create() -> ResponseReturnValue:
    draft = read_json(Draft)
    with database().write() as db:
        blog = queries.publish(db, logged_in().id, draft)
    return _json(document(queries.blog_as_saved(logged_in().scope, blog.id)), 201)


@blueprint.patch("/<id:blog_id>")
def update(blog_id: int) -> ResponseReturnValue:
    change = read_json(Change)
    with database().write() as db:
        queries.revise(db, logged_in().id, blog_id, change)
    return _json(document(queries.blog_as_saved(logged_in().scope, blog_id)))


@blueprint.delete("/<id:blog_id>")
def delete(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.remove(db, logged_in().id, blog_id)
    return "", 204


def _json(document: bytes, status: int = 200) -> Response:
    return Response(document, status, mimetype="application/json")
