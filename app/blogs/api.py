"""Blogs as JSON, for programs."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.auth.guard import logged_in
from app.blogs import queries
from app.blogs.forms import Change, Draft
from app.blogs.models import Blog
from app.current import database
from app.web.body import read_json

blueprint = Blueprint("blogs_api", __name__, url_prefix="/api/blogs")


@blueprint.get("")
def index() -> ResponseReturnValue:
    with database().read() as db:
        return jsonify([_document(blog) for blog in queries.blogs_by(db, logged_in().id)])


@blueprint.get("/<id:blog_id>")
def show(blog_id: int) -> ResponseReturnValue:
    with database().read() as db:
        return jsonify(_document(queries.blog_by(db, logged_in().id, blog_id)))


@blueprint.post("")
def create() -> ResponseReturnValue:
    draft = read_json(Draft)
    with database().write() as db:
        blog = queries.publish(db, logged_in().id, draft)
    return jsonify(_document(blog)), 201


@blueprint.patch("/<id:blog_id>")
def update(blog_id: int) -> ResponseReturnValue:
    change = read_json(Change)
    with database().write() as db:
        blog = queries.revise(db, logged_in().id, blog_id, change)
    return jsonify(_document(blog))


@blueprint.delete("/<id:blog_id>")
def delete(blog_id: int) -> ResponseReturnValue:
    with database().write() as db:
        queries.remove(db, logged_in().id, blog_id)
    return "", 204


def _document(blog: Blog) -> dict[str, Any]:
    return {
        "id": blog.id,
        "title": blog.title,
        "content": blog.content,
        "version": blog.version,
        "created_at": blog.created_at.isoformat(),
        "updated_at": blog.updated_at.isoformat(),
    }
