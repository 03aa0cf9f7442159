"""A blog as a file: Markdown below a front matter of YAML, as the makers of static sites read it.

---
title: First light
date: 2026-03-01 08:00:00+00:00
tags:
- lighthouse
attachment: files/7.png
files:
- path: files/7.png
  name: sunrise.png
  type: image/png
---

It was bright.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from app.errors import Invalid

# More than the longest title takes, and the names of some hundred files.
MAX_FRONT = 64 * 1024
BROKEN = "Its front matter is not YAML that can be read"
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n(?:[ \t]*\r?\n)?|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"\s*# +(.+?)(?: +#+)?[ \t]*(?:\r?\n\s*|\Z)")


@dataclass(frozen=True)
class FileEntry:
    """A file of a blog: where it is beside the text, and what it is called and is."""

    path: str
    name: str
    type: str


@dataclass(frozen=True)
class Entry:
    """A blog outside of the database. `plain` is a text from before there was Markdown; `id` is what it had."""

    title: str
    content: str
    date: datetime | None = None
    updated: datetime | None = None
    id: str = ""
    tags: Sequence[str] = ()
    plain: bool = False
    attachment: str = ""
    files: Sequence[FileEntry] = ()


def written(entry: Entry) -> str:
    """The entry as a file's text, which `read_entry` reads as the same entry."""
    front: dict[str, Any] = {"title": entry.title, "date": entry.date, "updated": entry.updated, "id": entry.id}
    front |= {"tags": [*entry.tags], "format": "plain" if entry.plain else "", "attachment": entry.attachment}
    front["files"] = [vars(file) for file in entry.files]
    kept = {name: value for name, value in front.items() if value}
    return f"---\n{yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=2000)}---\n\n{entry.content}"


def read_entry(text: str, path: str) -> Entry:
    """The entry in a file's text. Without a title it is called as its first heading, or as the file.

    Raises Invalid for a front matter that cannot be read.
    """
    found = _FRONT.match(text)
    front = _front(found[1]) if found else None
    content = text[found.end() :] if found and front is not None else text
    front = front or {}
    title = _text(front, "title")
    if not title and (heading := _HEADING.match(content)):
        # The page has its title above the text: it need not stand there twice.
        title, content = heading[1], content[heading.end() :]
    return Entry(
        title=title or path.rpartition("/")[2].rpartition(".")[0],
        content=content,
        date=_moment(_text(front, "date")),
        updated=_moment(_text(front, "updated")),
        id=_text(front, "id"),
        tags=_texts(front, "tags"),
        plain=_text(front, "format") == "plain",
        attachment=_text(front, "attachment"),
        files=[
            FileEntry(_text(each, "path"), _text(each, "name"), _text(each, "type"))
            for each in _list(front.get("files"))
            if isinstance(each, dict)
        ],
    )


def _front(text: str) -> dict[Any, Any] | None:
    """What is named there; None where nothing is, as between two lines of a text."""
    if len(text) > MAX_FRONT:
        raise Invalid({"front matter": f"It has more than {MAX_FRONT:,} characters"})
    try:
        # The loader of least means: all values are texts, and `<<` merges nothing, which could grow without end.
        front = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        raise Invalid({"front matter": BROKEN}) from None
    return front if isinstance(front, dict) else None


def _text(front: dict[Any, Any], name: str) -> str:
    value = front.get(name)
    return value if isinstance(value, str) else ""


def _texts(front: dict[Any, Any], name: str) -> list[str]:
    """The texts of that name, or the one."""
    return [each for each in _list(front.get(name)) if isinstance(each, str)] or [*filter(None, [_text(front, name)])]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _moment(text: str) -> datetime | None:
    """That moment, or midnight where only a day is named; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
