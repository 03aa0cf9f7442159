"""Whoever writes for a user holds that user first: two writers then wait for each other one way round only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.attachments.models import Attachment
from app.attachments.queries import keep_upload_id, record_finding
from app.auth.models import User
from app.blogs.forms import Change, Draft
from app.blogs.models import Blog
from app.blogs.queries import publish, remove, revise
from app.db import Database
from app.sharing.forms import Invitation
from app.sharing.models import Share
from app.sharing.queries import share, stop_sharing
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory

pytestmark = pytest.mark.both_databases


@dataclass(frozen=True)
class Things:
    """What somebody has."""

    user: User
    blog: Blog
    shared: Share
    ready: Attachment
    pending: Attachment


WRITES: dict[str, Callable[[Session, Things], object]] = {
    "publish": lambda db, of: publish(db, of.user.id, Draft(title="T", content="C", attachment_id=of.ready.id)),
    "revise": lambda db, of: revise(db, of.user.id, of.blog.id, Change(attachment_id=of.ready.id)),
    "remove": lambda db, of: remove(db, of.user.id, of.blog.id),
    "share": lambda db, of: share(db, cast(Any, of.user), of.blog.id, Invitation(email="new@people.invalid")),
    "stop sharing": lambda db, of: stop_sharing(db, of.user.id, of.blog.id, of.shared.id),
    "keep an upload's id": lambda db, of: keep_upload_id(db, of.user.id, of.pending.id, "1"),
    "record_finding": lambda db, of: record_finding(db, of.user.id, of.pending.id, None, None),
}


@pytest.fixture
def things(
    user_factory: UserFactory,
    blog_factory: BlogFactory,
    share_factory: ShareFactory,
    attachment_factory: AttachmentFactory,
) -> Things:
    user = user_factory()
    blog = blog_factory(user)
    ready, pending = attachment_factory(user), attachment_factory(user, pending=True)
    return Things(user, blog, share_factory(blog), ready, pending)


@contextmanager
def noted(database: Database) -> Iterator[list[str]]:
    """What the database is asked, but for the beginning of a transaction."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def holds_a_user(statement: str, database: Database) -> bool:
    # On SQLite the transaction itself holds everything, and no statement says so.
    lock = "" if database.engine.dialect.name == "sqlite" else "FOR NO KEY UPDATE"
    return statement.startswith("SELECT users.id \nFROM users") and lock in statement


class TestAWrite:
    @pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
    def test_holds_its_user_before_it_touches_anything(
        self, database: Database, things: Things, write: Callable[[Session, Things], object]
    ) -> None:
        with noted(database) as statements, database.write() as db:
            write(db, things)
        assert holds_a_user(statements[0], database), statements[0]
