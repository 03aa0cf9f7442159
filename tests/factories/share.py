"""Shares, made straight in the database."""

from typing import Any
from uuid import uuid4

import factory

from app.auth.models import User
from app.blogs.models import Blog
from app.sharing.models import Share
from tests.factories.stored import StoredFactory


class ShareFactory(StoredFactory):
    """`share_factory(blog, user)` shares that blog with that user; without one, with somebody who never logged in."""

    class Meta:
        model = Share

    email = factory.LazyFunction(lambda: f"{uuid4().hex}@people.invalid")

    def __call__(self, blog: Blog, reader: User | None = None, **columns: Any) -> Share:
        address = {"email": reader.email} if reader else {}
        share: Share = self._stored(blog_id=blog.id, owner_id=blog.owner_id, **address, **columns)
        return share
