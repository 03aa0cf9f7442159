"""Blogs, made straight in the database."""

from typing import Any

import factory

from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database


class _Blog(factory.Factory):
    class Meta:
        model = Blog

    title = factory.Faker("sentence", nb_words=4)
    content = factory.Faker("paragraph", nb_sentences=5)


class BlogFactory:
    """`blog_factory(user)` is a new blog of that user; keywords set what matters to the test."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, owner: User, **columns: Any) -> Blog:
        blog: Blog = _Blog(owner_id=owner.id, **columns)
        with self._database.write() as db:
            db.add(blog)
        return blog
