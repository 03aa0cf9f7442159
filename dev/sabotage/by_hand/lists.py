"""Rule 31: lists by pages, which read no more than they show."""

from dev.sabotage.entry import Sabotage

OF_LISTS = ("tests/unit/blogs/test_costs.py", "tests/unit/blogs/test_lists.py")

SABOTAGES = (
    Sabotage(
        "a list reads all its rows",
        rule=31,
        file="app/cache/paging.py",
        take_out='page = keys.limit(bindparam("limit", type_=Integer) + 1).subquery("page")',
        put='page = keys.where(bindparam("limit") > 0).subquery("page")',
        tests=OF_LISTS,
    ),
    Sabotage(
        "a list reads whole texts",
        rule=31,
        file="app/blogs/queries.py",
        take_out='func.substr(Blog.content, 1, EXCERPT + 1).label("content")',
        put='Blog.content.label("content")',
        tests=OF_LISTS,
    ),
    Sabotage(
        "a page of the API is of any size",
        rule=31,
        file="app/web/paging.py",
        take_out=" or int(value) > most:\n",
        put=":\n",
        tests=OF_LISTS,
    ),
)
