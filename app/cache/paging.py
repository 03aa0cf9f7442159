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


def keys_of(
    owner: InstrumentedAttribute[Any],
    parameter: str,
    key: InstrumentedAttribute[int],
    *within: tuple[InstrumentedAttribute[Any], str],
) -> Select[int]:
    """The keys of the rows whose `owner` is that parameter, the greatest first, after the one that is `after`.

    `within` are columns in which they have their parameter's value. The keys come from an index over the owner, these
    and the key, in its order: any page costs what the first one does.
    """
    wanted = [(column, bindparam(name, type_=column.type)) for column, name in ((owner, parameter), *within)]
    columns, values = zip(*wanted, strict=True)
    last = func.coalesce(bindparam("after", type_=BigInteger), LAST)
    place = tuple_(*columns, key)
    # The same range twice, since each database uses the index for one of the two. Where one person has most rows,
    # PostgreSQL would answer `owner = ... ORDER BY key` from the key's own index, and read all that others wrote since;
    # for tuples there is only the index over all. SQLite uses that index for the columns, and not for the tuples.
    by_place = (place >= tuple_(*values, 0), place < tuple_(*values, last))
    by_column = (*(column.is_not_distinct_from(value) for column, value in wanted), key < last)
    order = (each.desc() for each in (*columns, key))
    return select(key.label("id")).where(*by_place, *by_column).order_by(*order)


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
