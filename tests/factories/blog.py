"""Blogs, made straight in the database."""

from collections.abc import Sequence
from typing import Any

import factory

from app.auth.models import User
from app.blogs.models import Blog
from app.blogs.tags import BlogTag, stored
from tests.factories.share import ShareFactory
from tests.factories.stored import StoredFactory


class BlogFactory(StoredFactory):
    """`blog_factory(user)` is a new blog of that user, `shared_with=reader` with somebody who may read it."""

    class Meta:
        model = Blog

    title = factory.Faker("sentence", nb_words=4)
    content = factory.Faker("paragraph", nb_sentences=5)

    def __call__(
        self, owner: User, *, shared_with: User | None = None, tags: Sequence[str] = (), **columns: Any
    ) -> Blog:
        rows = [BlogTag(owner_id=owner.id, name=tag) for tag in tags]
        blog: Blog = self._stored(owner_id=owner.id, tags=stored(tags), tag_rows=rows, **columns)
        if shared_with:
            ShareFactory.on(self._database)(blog, shared_with)
        return blog
