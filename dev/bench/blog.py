"""A blog as it is deployed, with people in it. What every line asks for, and what must come, is known from here."""

import io
import random
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from PIL import Image
from sqlalchemy import TextClause, bindparam, func, select, text
from sqlalchemy.engine import make_url

from app.auth.models import User
from app.blogs.markdown import shortened, words_in
from app.blogs.models import Blog as Entry
from app.config import Settings
from app.db import WRITING, Base, Database
from app.factory import create_app
from dev.bench.servers import HOST, Server, blog
from tests.conftest import migrate
from tests.e2e.live_server import environment
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import ISSUER, UserFactory
from tests.limits import RAISED

BLOGS = 20
# So short that a list has it whole.
CONTENT = "Some words. " * 40
EXCERPT, WORDS = shortened(CONTENT), words_in(CONTENT)
FIRST = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
# Of pixels that do not compress: 138 kB.
SIDE = 214


class Blog:
    def __init__(self, folder: Path, redis_url: str, database_url: str = "") -> None:
        folder.mkdir()
        self._settings = Settings(
            _env_file=None,
            app_env="production",
            secret_key=secrets.token_hex(32),
            instance_dir=folder,
            database_url=database_url,
            redis_url=redis_url,
            base_url=f"https://{HOST}",
            web_concurrency=1,
            oidc_issuer="https://accounts.example",
            oidc_client_id="inkwell",
            oidc_client_secret=secrets.token_hex(16),
            **RAISED,
        )
        migrate(self._settings)
        self._app = create_app(self._settings)
        self._database: Database = self._app.extensions["database"]
        self._sessions = SessionFactory(self._app)
        self.reader, self.writer = self.person(BLOGS), self.person()

    def server(self, application: str = "wsgi:app") -> Server:
        return blog(environment(self._settings), application)

    def headers(self, user: User) -> dict[str, str]:
        return {"Host": HOST, **self._sessions(user).header}

    def person(self, blogs: int = 0) -> User:
        """Somebody with so many blogs."""
        user = UserFactory.on(self._database)()
        self._insert(Entry, entries(user.id, blogs))
        return user

    def people(self, number: int, blogs: int) -> list[User]:
        """So many more, each with so many blogs."""
        with self._database.read() as db:
            before = db.scalar(select(func.max(User.id))) or 0
        same = {"issuer": ISSUER, "name": "Ada", "email_verified": False, "disabled": False, "created_at": FIRST}
        versions = {"session_epoch": 1, "cache_version": 1}
        self._insert(User, ({**same, **versions, "subject": uuid4().hex} for _ in range(number)))
        with self._database.read() as db:
            made = list(db.scalars(select(User).where(User.id > before)))
        self._insert(Entry, chain.from_iterable(entries(user.id, blogs) for user in made))
        return made

    def newest_of(self, user: User) -> int:
        with self._database.read() as db:
            return db.scalar(select(func.max(Entry.id)).where(Entry.owner_id == user.id)) or 0

    def picture(self) -> int:
        """The id of an image on a new blog of the writer's."""
        made = Image.frombytes("RGB", (SIDE, SIDE), random.Random(1).randbytes(3 * SIDE * SIDE))  # noqa: S311
        file = io.BytesIO()
        made.save(file, "PNG")
        entry = BlogFactory.on(self._database)(self.writer)
        files = AttachmentFactory.with_files(self._database, self._app.extensions["images"])
        return files(self.writer, entry, file.getvalue(), width=SIDE, height=SIDE).id

    def expected_list(self) -> list[dict[str, Any]]:
        """The reader's list, by what was written and not by what is read."""
        first = self.newest_of(self.reader) - BLOGS + 1
        return [as_json(first + number, entry) for number, entry in enumerate(entries(self.reader.id, BLOGS))][::-1]

    def copy_for_peers(self, file: Path) -> Path:
        """Its SQLite database as it is now."""
        with closing(sqlite3.connect(str(make_url(self._settings.database_url).database))) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        return file

    def close(self) -> None:
        self._app.extensions["cache"].close()
        self._database.engine.dispose()

    def _insert(self, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
        # Nobody has read anything of these people yet: there is no version that would have to move.
        with self._database.engine.connect().execution_options(**{WRITING: True}) as connection:
            for some in in_batches(rows):
                connection.execute(as_text(model, some[0]), some)
            connection.commit()


def entries(owner_id: int, number: int) -> Iterable[dict[str, Any]]:
    """The columns of so many blogs, oldest first, which look alike but for their number and time."""
    for turn in range(number):
        at = FIRST + timedelta(minutes=turn)
        told = {"title": f"Blog {turn}", "content": CONTENT, "version": 1, "created_at": at, "updated_at": at}
        yield {"owner_id": owner_id, **told, "excerpt": EXCERPT, "words": WORDS}


def as_json(blog_id: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: entry[name].isoformat().replace("+00:00", "Z") for name in ("created_at", "updated_at")}
    told = {name: entry[name] for name in ("title", "content", "version")}
    return {"id": blog_id, **told, **times, "attachment": None}


def as_text(model: type[Base], row: Mapping[str, Any]) -> TextClause:
    """The statement that inserts such rows. As text, since the blog refuses one that moves no version."""
    columns = model.__table__.columns
    values = [bindparam(name, type_=columns[name].type) for name in row]
    table = model.__tablename__
    return text(f"INSERT INTO {table} ({', '.join(row)}) VALUES (:{', :'.join(row)})").bindparams(*values)  # noqa: S608


def in_batches(rows: Iterable[Mapping[str, Any]], size: int = 5_000) -> Iterable[list[Mapping[str, Any]]]:
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some
