"""All of a person's blogs as a zip that is written while it is sent: Markdown, and the files from the store."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import select

from app.account.addresses_in_text import with_targets
from app.account.front_matter import Entry, FileEntry, written
from app.attachments.models import READY, Attachment
from app.blogs.markdown import ATTACHMENT
from app.blogs.models import Blog
from app.blogs.tags import tags_of
from app.db import Database
from app.images.server import is_image
from app.storage.store import ObjectNotFound, Store

# With their texts, so few at once.
BATCH = 10
CHUNK = 256 * 1024
LACKING = "missing-files.txt"
_ASCII = re.compile(r"[^a-z0-9]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")


class _Outlet:
    """Takes what the zip writes until it is sent. It cannot be sought in, so that the zip never looks back."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


def exported(database: Database, store: Store, owner_id: int) -> Iterator[bytes]:
    """The zip, piece by piece. It holds a few of the texts, a piece of a file, and a line for each entry.

    Raises StoreError where the store fails: what was sent is then no whole zip. Files that the store does not have any
    more are named in an entry of their own.
    """
    outlet = _Outlet()
    lacking: list[str] = []
    with zipfile.ZipFile(outlet, "w") as archive:  # type: ignore[call-overload]
        for blog, files in _blogs_of(database, owner_id):
            paths = {file.id: _path(file) for file in files}
            archive.writestr(_info(f"{blog.id}-{_slug(blog.title)}.md", blog.updated_at), _markdown(blog, files, paths))
            yield outlet.taken()
            for file in files:
                try:
                    yield from _stored(archive, outlet, store, file)
                except ObjectNotFound:
                    lacking.append(paths[file.id])
        if lacking:
            archive.writestr(_info(LACKING, datetime.now(UTC)), "\n".join(lacking))
    yield outlet.taken()


def _blogs_of(database: Database, owner_id: int) -> Iterator[tuple[Blog, list[Attachment]]]:
    """Each of the person's blogs, the oldest first, with its files, the one at its top first."""
    last = 0
    while True:
        with database.read() as db:
            mine = select(Blog).where(Blog.owner_id == owner_id, Blog.id > last).order_by(Blog.id).limit(BATCH)
            blogs = list(db.scalars(mine))
            on_them = Attachment.blog_id.in_([blog.id for blog in blogs])
            whose = (on_them, Attachment.uploader_id == owner_id, Attachment.state == READY)
            files = list(db.scalars(select(Attachment).where(*whose).order_by(Attachment.in_text, Attachment.id)))
        if not blogs:
            return
        yield from ((blog, [file for file in files if file.blog_id == blog.id]) for blog in blogs)
        last = blogs[-1].id


def _markdown(blog: Blog, files: Iterable[Attachment], paths: dict[int, str]) -> str:
    def beside(target: str) -> str | None:
        found = ATTACHMENT.fullmatch(target)
        return paths.get(int(found[1])) if found else None

    entry = Entry(
        title=blog.title,
        content=blog.content if blog.html is None else with_targets(blog.content, beside),
        date=blog.created_at,
        updated=blog.updated_at,
        id=str(blog.id),
        tags=tags_of(blog.tags),
        plain=blog.html is None,
        attachment=next((paths[file.id] for file in files if not file.in_text), ""),
        files=[FileEntry(paths[file.id], file.filename, file.content_type) for file in files],
    )
    return written(entry)


def _stored(archive: zipfile.ZipFile, outlet: _Outlet, store: Store, file: Attachment) -> Iterator[bytes]:
    info = _info(_path(file), file.created_at)
    # Zip64 where the file is so large that it takes it (APPNOTE 4.3.9.2).
    info.file_size = file.size
    if not is_image(file.content_type):
        info.compress_type = zipfile.ZIP_DEFLATED
    with store.open(file.key) as source, archive.open(info, "w") as entry:
        while chunk := source.read(CHUNK):
            entry.write(chunk)
            yield outlet.taken()
    yield outlet.taken()


def _info(path: str, moment: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, (max(moment.year, 1980), *moment.timetuple()[1:6]))
    info.compress_type = zipfile.ZIP_DEFLATED if path.endswith((".md", ".txt")) else zipfile.ZIP_STORED
    info.external_attr = 0o600 << 16
    return info


def _path(file: Attachment) -> str:
    """One that every system can write, and no text has to quote."""
    ending = _ENDING.fullmatch(f".{file.filename.rpartition('.')[2]}") if "." in file.filename else None
    return f"files/{file.id}{ending[0].lower() if ending else ''}"


def _slug(title: str) -> str:
    return _ASCII.sub("-", title.lower())[:40].strip("-") or "blog"
