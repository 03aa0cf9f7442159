"""Rule 31: lists by pages, which read no more than they show."""

from dev.sabotage.entry import Sabotage

OF_WHO_CAN_SEE = ("tests/unit/blogs/test_who_can_see.py",)
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
    Sabotage(
        "a list looks through all that somebody shares",
        rule=31,
        file="app/sharing/queries.py",
        take_out="select(mine).where(Share.blog_id == blog_id)",
        put='select(mine).where(Share.blog_id == blog_id, Share.owner_id == bindparam("owner_id"))',
        tests=OF_WHO_CAN_SEE,
    ),
    Sabotage(
        "a share leaves what its owner has read",
        rule=23,
        file="app/cache/versions.py",
        take_out='        ("after_insert", _after_write),\n',
        put="",
        tests=OF_WHO_CAN_SEE,
    ),
    Sabotage(
        "a column aside hides what else changes",
        rule=23,
        file="app/cache/versions.py",
        take_out="changed == {aside.name}",
        put="aside.name in changed",
        tests=("tests/unit/cache/test_versions.py",),
    ),
    Sabotage(
        "a cached read may use what moves no version",
        rule=23,
        file="app/cache/query.py",
        take_out="if owner.aside is not None and re.search(",
        put="if owner.aside is not None and not re.search(",
        tests=("tests/unit/cache/test_query.py",),
    ),
    Sabotage(
        "who shares a blog is told that it was declined",
        rule=23,
        file="app/sharing/models.py",
        take_out=", aside=Share.declined)",
        put=")",
        tests=("tests/unit/blogs/test_declining.py",),
    ),
)
