"""Finding blogs by their words, the last of which may be cut short: FTS5 on SQLite, text search on PostgreSQL.

The index is the database's own, made by a migration and kept by the database: a blog that is gone is found no more.
"""

import re
from html import escape
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.blogs.markdown import Text
from app.cache import Page

MAX_WORDS = 8
FOUND, END = "\x02", "\x03"
WORD = re.compile(r"[^\W_]+")
# Between two of its 24 words may stand any number of marks.
LONGEST_READ = 400
# Of marks whose other half is not in the piece.
HALVES = re.compile(
    rf"\*\*|(?<!\w)\*(?=[\w{FOUND}])|(?<=[\w{END}])\*(?!\w)|~~|`|\]\([^)\s]*\)?|!?\[(?=[^\]]*(?:\]\(|$))"
)

_PEOPLE = "(SELECT count(*) FROM shares WHERE shares.blog_id = {}.id) AS people"

# The owner is a word of the index, so that what others wrote is not looked through.
_SQLITE = text(f"""
    SELECT blogs.id, blogs.title, blogs.words, blogs.html IS NULL AS is_plain, {_PEOPLE.format("blogs")},
           snippet(blogs_search, 1, '{FOUND}', '{END}', '…', 24) AS found
    FROM blogs_search JOIN blogs ON blogs.id = blogs_search.rowid
    WHERE blogs_search MATCH :wanted AND blogs_search.rowid < :after AND blogs.owner_id = :owner_id
    ORDER BY blogs_search.rowid DESC LIMIT :limit
""")  # noqa: S608  of our own constants
_POSTGRESQL = text(f"""
    SELECT page.id, page.title, page.words, page.html IS NULL AS is_plain, {_PEOPLE.format("page")},
           ts_headline('simple', page.content, to_tsquery('simple', :wanted),
                       'StartSel={FOUND}, StopSel={END}, MaxWords=24, MinWords=12, ShortWord=0, MaxFragments=1')
               AS found
    FROM (SELECT * FROM blogs
          WHERE owner_id = :owner_id AND id < :after
            AND to_tsvector('simple', title || ' ' || content) @@ to_tsquery('simple', :wanted)
          ORDER BY id DESC LIMIT :limit) AS page
    ORDER BY page.id DESC
""")  # noqa: S608  of our own constants


class Found(NamedTuple):
    """A blog that has the words, marked in `passage`, which is safe HTML; `people` is with how many it is shared."""

    id: int
    title: str
    words: int
    people: int
    passage: str


def words_of(typed: str) -> list[str]:
    """The words to look for, of whatever was typed."""
    return WORD.findall(typed)[:MAX_WORDS]


def find(session: Session, owner_id: int, typed: str, page: Page) -> tuple[list[Found], int | None]:
    """A page of that person's blogs with all the words, the newest first, and after which id the next page begins."""
    words = words_of(typed)
    if not words:
        return [], None
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    wanted = _for_sqlite(words, owner_id) if is_sqlite else _for_postgresql(words)
    parameters = {"owner_id": owner_id, "wanted": wanted, "after": page.after or 2**63 - 1, "limit": page.limit + 1}
    rows = session.execute(_SQLITE if is_sqlite else _POSTGRESQL, parameters).all()
    found = [Found(row.id, row.title, row.words, row.people, _passage(row)) for row in rows[: page.limit]]
    return found, found[-1].id if len(rows) > len(found) else None


def _for_sqlite(words: list[str], owner_id: int) -> str:
    quoted = [f'"{word}"' for word in words]
    return f"{{title content}} : ({' AND '.join(quoted)} *) AND owner : u{owner_id}"


def _for_postgresql(words: list[str]) -> str:
    return " & ".join(f"'{word}'" for word in words) + ":*"


def _passage(row: Any) -> str:
    return escape(row.found if row.is_plain else as_read(row.found)).replace(FOUND, "<mark>").replace(END, "</mark>")


def as_read(found: str) -> str:
    """That piece of a Markdown text without its marks."""
    if len(found) > LONGEST_READ:
        return found
    read = " ".join(HALVES.sub("", Text(found).without_marks(len(found))).split())
    # What was found in a block of code, or in an address, is shown as it was typed.
    return read if read.count(FOUND) == found.count(FOUND) else found
