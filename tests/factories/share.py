"""Shares, made straight in the database."""

from typing import Any
from uuid import uuid4

import factory

from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from app.sharing.models import Share


class _Share(factory.Factory):
    class Meta:
        model = Share

    email = factory.LazyFunction(lambda: f"{uuid4().hex}@people.invalid")


class ShareFactory:
    """`share_factory(blog, user)` shares that blog with that user; without one, with somebody who never logged in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, blog: Blog, reader: User | None = None, **columns: Any) -> Share:
        address = {"email": reader.email} if reader else {}
        share: Share = _Share(blog_id=blog.id, **address, **columns)
        with self._database.write() as db:
            db.add(share)
        return share
