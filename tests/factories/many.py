"""Lists that take more than a page, each made in one transaction; the oldest come first."""

from typing import Any

from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from app.sharing.models import Share
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory


def many_blogs(
    database: Database, owner: User, count: int, shared_with: User | None = None, **columns: Any
) -> list[int]:
    blogs: list[Blog] = BlogFactory.build_batch(count, owner_id=owner.id, **columns)
    with database.write() as db:
        db.add_all(blogs)
        db.flush()
        if shared_with:
            db.add_all(Share(blog_id=blog.id, owner_id=owner.id, email=shared_with.email) for blog in blogs)
    return [blog.id for blog in blogs]


def many_shares(database: Database, blog_id: int, count: int) -> list[int]:
    shares: list[Share] = ShareFactory.build_batch(count, blog_id=blog_id)
    with database.write() as db:
        db.add_all(shares)
    return [share.id for share in shares]
