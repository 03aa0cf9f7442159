"""Blogs from files of Markdown, by the rules that a form keeps. Each is taken whole or not at all."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.account.addresses_in_text import targets_in, with_targets
from app.account.archives import Brought, CannotBeRead, beside, is_text, read_pieces
from app.account.front_matter import Entry, FileEntry, read_entry
from app.attachments.forms import Declaration
from app.attachments.models import Attachment
from app.attachments.uploads import forget_files, store_file
from app.blogs import queries
from app.blogs.forms import MAX_CONTENT, Draft
from app.blogs.models import Blog
from app.db import MAX_ID, Database
from app.errors import InkwellError, Invalid, OverQuota
from app.images.server import ImageServer
from app.web.validation import validate

CHUNK = 256 * 1024
# The longest text, in the longest letters, with its front matter.
MAX_TEXT_BYTES = 4 * MAX_CONTENT + 256 * 1024
TAKEN, THERE, REFUSED = "taken", "there", "refused"
STOPPED = "Not tried, since the import stopped above"
BUSY = "The blog is busy at the moment. Import once more in a moment: what is here already is not taken twice"
ENDINGS = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "mp3": "audio/mpeg",
    "csv": "text/csv",
    "txt": "text/plain",
    "mp4": "video/mp4",
    "webm": "video/webm",
}


@dataclass(frozen=True)
class ImportOutcome:
    """What became of a file of Markdown: `taken` as the blog of that id, `there` before, or `refused` for a reason."""

    path: str
    state: str
    reason: str = ""
    blog_id: int = 0


class _Stops(Exception):
    """What every further blog would meet too."""


def imported(database: Database, images: ImageServer, owner_id: int, brought: Brought) -> Iterator[ImportOutcome]:
    """Take in each blog that was brought, the oldest first, so that they stand in a list as they were written."""
    stopped = False
    for path in _in_order(brought):
        if stopped:
            yield ImportOutcome(path, REFUSED, STOPPED)
            continue
        try:
            yield _OneBlog(database, images, owner_id, brought, path).take()
        except _Stops as stop:
            stopped = True
            yield ImportOutcome(path, REFUSED, str(stop))


def _in_order(brought: Brought) -> list[str]:
    now = datetime.now(UTC)

    def when(path: str) -> tuple[datetime, str]:
        try:
            return _read(brought, path)[0].date or now, path
        except (CannotBeRead, Invalid):
            return now, path

    return sorted(filter(is_text, brought.names), key=when)


def _read(brought: Brought, path: str) -> tuple[Entry, str]:
    """The entry, and a key for it: the same file brought twice has the same one. Raises CannotBeRead or Invalid."""
    with brought.open(path) as file:
        data = read_pieces(file, MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise CannotBeRead(f"A blog may have at most {MAX_CONTENT:,} characters")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CannotBeRead("It is not text in UTF-8") from None
    entry = read_entry(text, path)
    if not entry.content.strip():
        raise CannotBeRead("There is no text in it, but for a title")
    return entry, f"import-{blake2b(path.encode() + bytes(1) + data, digest_size=24).hexdigest()}"


@dataclass(frozen=True)
class _OneBlog:
    database: Database
    images: ImageServer
    owner_id: int
    brought: Brought
    path: str

    def take(self) -> ImportOutcome:
        files: dict[str, Attachment] = {}
        try:
            entry, key = _read(self.brought, self.path)
            draft = validate(Draft, {"title": entry.title, "content": entry.content, "tags": [*entry.tags]})
            with self.database.read() as db:
                before = self._before(db, entry, key)
            if before:
                return ImportOutcome(self.path, THERE, blog_id=before)
            for name in self._names_of(entry):
                files[name] = self._stored(name, entry)
            return ImportOutcome(self.path, TAKEN, blog_id=self._publish(entry, draft, key, files))
        except CannotBeRead as problem:
            reason = str(problem)
        except OverQuota as problem:
            self._forget(files)
            raise _Stops(str(problem)) from None
        except (OperationalError, PoolTimeout):
            raise _Stops(BUSY) from None
        except Invalid as problem:
            reason = "; ".join(f"{name}: {sentence}" for name, sentence in problem.fields.items())
        except InkwellError as problem:
            if problem.status >= 500:
                self._forget(files)
                raise _Stops(str(problem)) from None
            reason = str(problem)
        self._forget(files)
        return ImportOutcome(self.path, REFUSED, reason)

    def _before(self, db: Session, entry: Entry, key: str) -> int:
        """The id of the blog that this entry is already: imported before, or exported from here and not changed."""
        mine = select(Blog.id).where(Blog.owner_id == self.owner_id)
        found = db.scalar(mine.where(Blog.client_key == key))
        if found is None and entry.id.isascii() and entry.id.isdigit() and len(entry.id) < 19 and entry.date:
            same = (Blog.id == min(int(entry.id), MAX_ID), Blog.created_at == entry.date)
            found = db.scalar(mine.where(*same, Blog.updated_at == entry.updated, Blog.title == entry.title))
        return found or 0

    def _names_of(self, entry: Entry) -> list[str]:
        """The names of the brought files that the entry shows, or links to."""
        targets = [entry.attachment, *([] if entry.plain else targets_in(entry.content))]
        wanted = {beside(self.path, target): None for target in targets if target}
        return [name for name in wanted if name in self.brought.names and not is_text(name)]

    def _stored(self, name: str, entry: Entry) -> Attachment:
        known = {beside(self.path, file.path): file for file in entry.files}
        ending = name.rpartition(".")[2].lower()
        file = known.get(name) or FileEntry(name, name.rpartition("/")[2], ENDINGS.get(ending, ending))
        try:
            with self.brought.open(name) as body:
                size, sha256 = _measured(body)
            declared = {"filename": file.name, "content_type": file.type, "size": size, "sha256": sha256}
            with self.brought.open(name) as body:
                return store_file(self.database, self.images, self.owner_id, validate(Declaration, declared), body)
        except OverQuota:
            raise
        except Invalid as problem:
            raise Invalid({name: ". ".join(problem.fields.values())}) from None
        except CannotBeRead as problem:
            raise Invalid({name: str(problem)}) from None

    def _publish(self, entry: Entry, draft: Draft, key: str, files: dict[str, Attachment]) -> int:
        def here(target: str) -> str | None:
            file = files.get(beside(self.path, target))
            return f"/attachments/{file.id}" if file else None

        content = draft.content if entry.plain else with_targets(draft.content, here)
        top = files.get(beside(self.path, entry.attachment)) if entry.attachment else None
        values = {"title": draft.title, "content": content, "tags": draft.tags, "attachment_id": top and top.id}
        now = datetime.now(UTC)
        written = min(entry.date or now, now)
        with self.database.write() as db:
            blog = queries.publish(db, self.owner_id, validate(Draft, values), key)
            # Above all others' times: that of this write.
            blog.created_at, blog.updated_at = written, max(written, min(entry.updated or written, now))
            if entry.plain:
                blog.html = None
        return blog.id

    def _forget(self, files: dict[str, Attachment]) -> None:
        if files:
            forget_files(self.database, self.images.store, self.owner_id, [*files.values()])


def _measured(file: BinaryIO) -> tuple[int, str]:
    """How many bytes the file has, and their SHA-256 in base64."""
    size, digest = 0, hashlib.sha256()
    while chunk := read_pieces(file, CHUNK):
        size += len(chunk)
        digest.update(chunk)
    return size, base64.b64encode(digest.digest()).decode()
