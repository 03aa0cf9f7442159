"""Export many blogs with many megabytes of pictures, import them as somebody else, and hold the two against each other.

python -m benchmarks.moving [--blogs 1000] [--megabytes 2048]

Ends with 1 when a text, a picture or a date is not as it was, or a worker grows by 30 MB or more.
"""

import argparse
import io
import os
import random
import re
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.forms import Draft
from app.blogs.models import Blog
from app.blogs.queries import publish
from app.db import Database
from benchmarks.large_upload import MB, Memory
from tests.e2e.site import Site, site
from tests.factories.attachment import AttachmentFactory

MOST_GROWTH_MB = 30
FIRST = datetime(2010, 1, 1, 12, 30, 15, 250000, tzinfo=UTC)
WORDS = ["ink", "paper", "light", "river", "stone", "bread", "letter", "winter", "garden", "cloud"]
ADDRESS = re.compile(r"/attachments/\d+")
BOUNDARY = b"moving"


def a_noise(size: int) -> bytes:
    """A picture of about so many bytes, which nothing packs any smaller."""
    side = max(8, int((size / 3) ** 0.5))
    target = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(target, "PNG", compress_level=0)
    return target.getvalue()


def fill(app: Flask, user: User, blogs: int, size: int) -> None:
    database: Database = app.extensions["database"]
    pictures = AttachmentFactory.with_files(database, app.extensions["images"])
    for number in range(blogs):
        body = a_noise(size)
        side = Image.open(io.BytesIO(body)).size
        picture = pictures(user, body=body, filename=f"{number}.png", width=side[0], height=side[1])
        words = " ".join(random.choices(WORDS, k=400))  # noqa: S311
        content = f'{words}\n\n![Number {number}](/attachments/{picture.id} "Caption")\n\n*{words}*'
        with database.write() as db:
            blog = publish(db, user.id, Draft(title=f"Number {number}: {words[:40]}", content=content))
            blog.created_at = FIRST + timedelta(hours=number)
            blog.updated_at = blog.created_at + timedelta(minutes=7)


def exported(blog: Site, headers: dict[str, str], target: Path) -> float:
    began = time.monotonic()
    with requests.get(f"{blog.url}/account/export", headers=headers, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        with target.open("wb") as file:
            for piece in answer.iter_content(MB):
                file.write(piece)
    return time.monotonic() - began


class Sent:
    """A form with that file, read from the disk while it is sent."""

    def __init__(self, path: Path) -> None:
        head = b'--%s\r\nContent-Disposition: form-data; name="files"; filename="inkwell.zip"\r\n\r\n' % BOUNDARY
        self._parts = [io.BytesIO(head), path.open("rb"), io.BytesIO(b"\r\n--%s--\r\n" % BOUNDARY)]
        self._left = len(head) + path.stat().st_size + len(BOUNDARY) + 8

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        while self._parts:
            if data := self._parts[0].read(size):
                return data
            self._parts.pop(0).close()
        return b""


def imported(blog: Site, headers: dict[str, str], source: Path) -> tuple[float, str]:
    began = time.monotonic()
    form = {**headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    body: Any = Sent(source)
    answer = requests.post(f"{blog.url}/account/import", headers=form, data=body, timeout=600)
    told = re.search(r"[\d,]+ imported, [\d,]+ here already, [\d,]+ not taken", answer.text)
    return time.monotonic() - began, told[0] if told else f"status {answer.status_code}"


def what_is_there(database: Database, user: User) -> list[tuple[object, ...]]:
    """Each blog: its title, its text without the ids of its files, its dates, and its files' names and checksums."""
    with database.read() as db:
        blogs = db.scalars(select(Blog).where(Blog.owner_id == user.id).order_by(Blog.id)).all()
        files = db.scalars(select(Attachment).where(Attachment.uploader_id == user.id).order_by(Attachment.id)).all()
    on: dict[int | None, list[tuple[str, str, bool]]] = {}
    for file in files:
        on.setdefault(file.blog_id, []).append((file.filename, file.sha256, file.in_text))
    return [
        (blog.title, ADDRESS.sub("", blog.content), blog.created_at, blog.updated_at, on.get(blog.id)) for blog in blogs
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moving", description=__doc__)
    parser.add_argument("--blogs", type=int, default=1000)
    parser.add_argument("--megabytes", type=int, default=2048)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Nothing records requests here: what one long request asks would be kept until its end.
        with site(folder) as blog:
            from_here, to_there = blog.person(), blog.person()
            here, there = blog.users
            fill(blog.app, here, wanted.blogs, wanted.megabytes * MB // wanted.blogs)
            for headers in (from_here, to_there):
                requests.get(f"{blog.url}/account", headers=headers, timeout=60).raise_for_status()
            archive = folder / "inkwell.zip"
            out, back = Memory(blog.app.secret_key), Memory(blog.app.secret_key)
            with out.watched():
                seconds = exported(blog, from_here, archive)
            print(
                f"export: {archive.stat().st_size / MB:.0f} MB in {seconds:.0f} s, {out.growth_mb:.1f} MB more memory"
            )
            with back.watched():
                seconds, told = imported(blog, to_there, archive)
            print(f"import: {told}, in {seconds:.0f} s, {back.growth_mb:.1f} MB more memory", flush=True)
            equal = what_is_there(blog.database, here) == what_is_there(blog.database, there)
            print(f"texts, pictures and dates are {'equal' if equal else 'NOT equal'}")
            print(f"once more: {imported(blog, to_there, archive)[1]}")
    return 0 if equal and max(out.growth_mb, back.growth_mb) < MOST_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
