"""Lists by pages, cached page by page: a page's place and size are parameters, and so part of its key."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import BigInteger, Integer, Select, bindparam, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from .query import BoundQuery, CacheableQuery, Fetch, as_object

# No row has a greater id.
LAST = 2**63 - 1


class Page(NamedTuple):
    """At most `limit` rows: those that follow the row `after` in the list, or the list's first."""

    limit: int
    after: int | None = None


def keys_of(owner: InstrumentedAttribute[Any], parameter: str, key: InstrumentedAttribute[int]) -> Select[int]:
    """The keys of the rows whose `owner` is that parameter, the greatest first, after the one that is `after`.

    They come from an index over both columns, in its order: any page costs what the first one does.
    """
    whose = bindparam(parameter, type_=owner.type)
    last = func.coalesce(bindparam("after", type_=BigInteger), LAST)
    pair = tuple_(owner, key)
    # The same range twice, since each database uses the index for one of the two. Where one person has most rows,
    # PostgreSQL would answer `owner = ... ORDER BY key` from the key's own index, and read all that others wrote since;
    # for pairs there is only the index over both. SQLite uses that index for the columns, and not for the pairs.
    by_pair = (pair >= tuple_(whose, 0), pair < tuple_(whose, last))
    by_column = (owner.is_not_distinct_from(whose), key < last)
    return select(key.label("id")).where(*by_pair, *by_column).order_by(owner.desc(), key.desc())


class PagedQuery(CacheableQuery):
    """The rows of a statement whose `id` is among the keys, a page at a time, in the order of the keys.

    The document of a page is `{"next":7,"rows":[...]}`: `next` is the key after which the next page begins, or null
    where this is the last.
    """

    def __init__(
        self,
        name: str,
        statement: Select[*tuple[Any, ...]],
        row_id: InstrumentedAttribute[int],
        keys: Select[int],
        shape: Callable[[Any], object] = as_object,
    ) -> None:
        # The row more tells whether there is another page, without counting.
        page = keys.limit(bindparam("limit", type_=Integer) + 1).subquery("page")
        super().__init__(name, statement.join(page, page.c.id == row_id).order_by(page.c.id.desc()), shape)

    def at(self, page: Page, **parameters: object) -> BoundQuery:
        return self(**parameters, after=page.after, limit=page.limit)

    def document(self, fetch: Fetch, parameters: Mapping[str, Any]) -> bytes:
        found = fetch(self.statement, parameters)
        rows = found[: parameters["limit"]]
        following = rows[-1].id if len(found) > len(rows) else None
        return to_json({"next": following, "rows": [self.shape(row) for row in rows]})


def split_page(document: bytes) -> tuple[int | None, bytes]:
    """A page's `next`, and its rows as a JSON array."""
    # Cut, not parsed, so that a hit costs no more than one without pages: `next` is a number or null, so the first
    # bracket opens the rows, and the last byte closes the object.
    start = document.index(b"[")
    following = document[len(b'{"next":') : start - len(b',"rows":')]
    return None if following == b"null" else int(following), document[start:-1]
