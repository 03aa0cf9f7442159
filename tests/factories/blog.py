"""Blogs, made straight in the database."""

from typing import Any

import factory

from app.auth.models import User
from app.blogs.models import Blog
from tests.factories.share import ShareFactory
from tests.factories.stored import StoredFactory


class BlogFactory(StoredFactory):
    """`blog_factory(user)` is a new blog of that user, `shared_with=reader` with somebody who may read it."""

    class Meta:
        model = Blog

    title = factory.Faker("sentence", nb_words=4)
    content = factory.Faker("paragraph", nb_sentences=5)

    def __call__(self, owner: User, *, shared_with: User | None = None, **columns: Any) -> Blog:
        blog: Blog = self._stored(owner_id=owner.id, **columns)
        if shared_with:
            ShareFactory.on(self._database)(blog, shared_with)
        return blog
