"""The words that a person files their blogs under.

A blog has them in a column of its own, in their order, so that no list needs more to show them; and as rows of a table,
by whose index a list of those with one tag is as fast as any. Both are written by `Blog.label` alone.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.models import User
from app.cache import owned_by
from app.db import Base

MAX_TAGS, MAX_TAG = 20, 40
# With what is taken off them. More is not looked at: each letter takes a microsecond.
MAX_TYPED_TAGS = 2_000
# What no tag can hold, so that several are one text.
BETWEEN = ", "


class BlogTag(Base):
    """A blog of that owner's has that tag."""

    __tablename__ = "blog_tags"

    blog_id: Mapped[int] = mapped_column(ForeignKey("blogs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_TAG), primary_key=True)
    owner_id: Mapped[int] = mapped_column()

    __table_args__: Any = (Index(None, owner_id, name, blog_id),)


owned_by(BlogTag.owner_id, User.cache_version)


def tag_of(typed: str) -> str:
    """What is typed as the tag that it means: in small letters, without the mark before it; "" where nothing shows."""
    text = "".join(" " if unicodedata.category(each) == "Cc" else each for each in typed)
    tag = unicodedata.normalize("NFC", " ".join(text.lower().split()).lstrip("# "))
    return tag if any(unicodedata.category(each)[0] not in "ZC" for each in tag) else ""


def tags_in(typed: Sequence[str]) -> list[str]:
    """The tags in texts that have commas between them, each once. Raises ValueError for too many, or too long ones."""
    if sum(len(text) + 1 for text in typed) > MAX_TYPED_TAGS:
        raise ValueError(f"Use at most {MAX_TYPED_TAGS:,} characters for all tags")
    tags = list(dict.fromkeys(tag for text in typed for each in text.split(",") if (tag := tag_of(each))))
    if len(tags) > MAX_TAGS:
        raise ValueError(f"Use at most {MAX_TAGS} tags")
    if any(len(tag) > MAX_TAG for tag in tags):
        raise ValueError(f"Use at most {MAX_TAG} characters for a tag, and commas between tags")
    return tags


def stored(tags: Iterable[str]) -> str:
    return BETWEEN.join(tags)


def tags_of(text: str) -> list[str]:
    """The tags that are stored as that text."""
    return text.split(BETWEEN) if text else []
