"""Lists that take more than a page, each made in one transaction; the oldest come first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.auth.models import User
from app.blogs.drafts import StoredDraft
from app.blogs.models import Blog
from app.blogs.versions import Version
from app.db import Database
from app.sharing.models import Share
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory


def many_blogs(
    database: Database,
    owner: User,
    count: int,
    shared_with: User | None = None,
    tags: Sequence[str] = (),
    **columns: Any,
) -> list[int]:
    blogs: list[Blog] = BlogFactory.build_batch(count, owner_id=owner.id, **columns)
    for blog in blogs:
        blog.label(tags)
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


def many_versions(database: Database, owner: User, blog_id: int, count: int) -> None:
    """What the blog was before, with these numbers for titles: 1 to `count`."""
    with database.write() as db:
        db.add_all(_version(owner, blog_id, number) for number in range(1, count + 1))


def many_in_the_bin(database: Database, owner: User, count: int) -> None:
    """Blogs that are gone, with these numbers for titles: 1 to `count`, the last one deleted last."""
    with database.write() as db:
        db.add_all(
            _version(owner, 10**12 * owner.id + number, number, binned_at=datetime.now(UTC))
            for number in range(1, count + 1)
        )


def many_drafts(database: Database, owner: User, count: int) -> None:
    """Texts with these numbers for titles: 1 to `count`, the last one written last."""
    told = {"owner_id": owner.id, "content": "It was bright.", "words": 3, "revision": 1}
    first = datetime.now(UTC) - timedelta(seconds=count)
    with database.write() as db:
        db.add_all(
            StoredDraft(
                **told, key=f"key-{number}", title=f"Title {number}.", updated_at=first + timedelta(seconds=number)
            )
            for number in range(1, count + 1)
        )


def _version(owner: User, blog_id: int, number: int, **columns: Any) -> Version:
    at = {"created_at": datetime.now(UTC), "written_at": datetime.now(UTC)}
    told = {"owner_id": owner.id, "blog_id": blog_id, "number": number, "title": f"Title {number}."}
    return Version(**told, **at, content="It was bright.", **columns)
