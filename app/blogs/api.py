"""Blogs as JSON, for programs."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.attachments.queries import NoSuchAttachment
from app.auth.guard import current_user
from app.auth.usage import Usage, usage_of
from app.blogs import queries
from app.blogs.documents import ListedBlog, ListedSharedBlog, OwnBlog, SharedBlog
from app.blogs.forms import Change, Draft
from app.blogs.tags import tag_of
from app.current import database, settings
from app.errors import Changed
from app.sharing import queries as sharing
from app.sharing.documents import BlockDocument, ShareDocument
from app.sharing.forms import Invitation
from app.sharing.queries import NO_SUCH_BLOG
from app.web import audit
from app.web.idempotency import header_key
from app.web.openapi import answers
from app.web.pages import json_answer, json_sent
from app.web.paging import filter_sent, page_sent, send_page
from app.web.reads import fetch_json
from app.web.validation import read_json

blueprint = Blueprint("blogs_api", __name__, url_prefix="/api")


@blueprint.get("/blogs")
@answers(list[ListedBlog], paged=True, filters={"tag": "Only blogs with this tag"})
def index() -> ResponseReturnValue:
    """One's own blogs, newest first."""
    page, scope = page_sent("tag"), current_user().scope
    typed = filter_sent("tag", page)
    if typed is None:
        return send_page(queries.blogs_by(scope, page), page)
    tag = tag_of(typed)
    return send_page(queries.blogs_tagged(scope, tag, page), page, tag=tag)


@blueprint.get("/blogs/<id:blog_id>")
@answers(OwnBlog | SharedBlog, tagged=True)
def show(blog_id: int) -> ResponseReturnValue:
    """A blog that one may read, whole."""
    visitor = current_user()
    own, visible = queries.blog_by(visitor.scope, blog_id), queries.blog_visible_to(visitor, blog_id)
    return json_answer(fetch_json(own, NO_SUCH_BLOG, otherwise=visible))


@blueprint.post("/blogs")
@answers(OwnBlog, 201, body=Draft, keyed=True, raises=[NoSuchAttachment])
def create() -> ResponseReturnValue:
    """Publish a blog."""
    draft = read_json(Draft)
    with database().write() as db:
        blog = queries.publish(db, current_user().id, draft, header_key())
    audit.record("publish", blog=blog.id)
    return json_sent(fetch_json(queries.blog_as_saved(current_user().scope, blog.id)), 201)


@blueprint.patch("/blogs/<id:blog_id>")
@answers(OwnBlog, body=Change, raises=[Changed])
def update(blog_id: int) -> ResponseReturnValue:
    """Change one's own blog; what is left out stays."""
    change = read_json(Change)
    with database().write() as db:
        queries.revise(db, current_user().id, blog_id, change)
    return json_sent(fetch_json(queries.blog_as_saved(current_user().scope, blog_id)))


@blueprint.delete("/blogs/<id:blog_id>")
@answers(status=204)
def delete(blog_id: int) -> ResponseReturnValue:
    """Delete one's own blog."""
    with database().write() as db:
        queries.remove(db, current_user().id, blog_id)
    audit.record("delete", blog=blog_id)
    return "", 204


@blueprint.get("/shared")
@answers(list[ListedSharedBlog], paged=True)
def shared() -> ResponseReturnValue:
    """What others share with one, newest first."""
    page = page_sent()
    return send_page(queries.blogs_shared_with(current_user(), page), page)


@blueprint.get("/blogs/<id:blog_id>/shares")
@answers(list[ShareDocument], paged=True)
def shares(blog_id: int) -> ResponseReturnValue:
    """With whom one's own blog is shared, the latest first."""
    fetch_json(queries.blog_by(current_user().scope, blog_id), NO_SUCH_BLOG)
    page = page_sent()
    return send_page(sharing.shares_of(current_user().id, blog_id, page), page)


@blueprint.post("/blogs/<id:blog_id>/shares")
@answers(ShareDocument, 201, body=Invitation)
def share(blog_id: int) -> ResponseReturnValue:
    """Share one's own blog with whoever has that e-mail address."""
    invitation = read_json(Invitation)
    with database().write() as db:
        made = sharing.share(db, current_user(), blog_id, invitation)
    audit.record("share", blog=blog_id, share=made.id, to=made.email)
    return json_sent(sharing.document_of(made), 201)


@blueprint.delete("/blogs/<id:blog_id>/shares/<id:share_id>")
@answers(status=204)
def stop_sharing(blog_id: int, share_id: int) -> ResponseReturnValue:
    """Stop sharing the blog with somebody."""
    with database().write() as db:
        sharing.stop_sharing(db, current_user().id, blog_id, share_id)
    audit.record("stop_sharing", blog=blog_id, share=share_id)
    return "", 204


@blueprint.delete("/shared/<id:blog_id>")
@answers(status=204)
def decline(blog_id: int) -> ResponseReturnValue:
    """Take a blog that somebody shares off one's list."""
    with database().write() as db:
        sharing.decline(db, current_user(), blog_id)
    audit.record("decline", blog=blog_id)
    return "", 204


@blueprint.post("/shared/<id:blog_id>/block")
@answers(BlockDocument, 201)
def block(blog_id: int) -> ResponseReturnValue:
    """Block whoever shares that blog with one."""
    with database().write() as db:
        block = sharing.block(db, current_user(), blog_id)
    audit.record("block", block=block.id)
    return json_sent(fetch_json(sharing.block_of(current_user().id, block.id)), 201)


@blueprint.get("/blocks")
@answers(list[BlockDocument], paged=True)
def blocks() -> ResponseReturnValue:
    """Whom one has blocked, the latest first."""
    page = page_sent()
    return send_page(sharing.blocked_by(current_user().id, page), page)


@blueprint.delete("/blocks/<id:block_id>")
@answers(status=204)
def unblock(block_id: int) -> ResponseReturnValue:
    """Let somebody share with one again."""
    with database().write() as db:
        sharing.unblock(db, current_user().id, block_id)
    audit.record("unblock", block=block_id)
    return "", 204


@blueprint.get("/usage")
@answers(Usage)
def usage() -> ResponseReturnValue:
    """What one has, of what one may have."""
    return jsonify(usage_of(database(), current_user().id, settings()))
