"""A cache of query results, as JSON, that cannot be stale. It needs SQLAlchemy only, and uses Redis (5 or newer).

To use it elsewhere: declare whose rows are whose, write the query once, say `.cached(scope)` where it may be cached.

    class User(Base): ...   # cache_version: Mapped[int] = mapped_column(BigInteger, default=new_version)
    class Blog(Base): ...   # owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    owned_by(Blog.owner_id, User.cache_version)  # every write to a blog now moves its owner's version

    BLOGS_BY = CacheableQuery("blogs_by", select(Blog.id, Blog.title).where(Blog.owner_id == bindparam("owner_id")))
    def fetch(statement, parameters):
        with engine.connect() as connection:
            return connection.execute(statement, parameters).all()

    cache = Cache(fetch, namespace="blog", release="42", ttl=3600, secret=SECRET, redis_url="redis://localhost")
    cache.tidy_after(Sessions)  # a sessionmaker

    scope = Scope("users", user_id, cache_version)  # as just read from the user's row, outside any write
    document = cache.json(BLOGS_BY(owner_id=user_id).cached(scope), observe=print)  # bytes, ready to send
"""

from .cache import COUNTED, Cache, Outcome
from .document import Document
from .memory import Memory
from .paging import Page, PagedQuery, keys_of, split_page
from .query import BoundQuery, CacheableQuery, Uncacheable
from .versions import Scope, UncountedWrite, bump, new_version, next_version, owned_by

__all__ = [
    "COUNTED",
    "BoundQuery",
    "Cache",
    "CacheableQuery",
    "Document",
    "Memory",
    "Outcome",
    "Page",
    "PagedQuery",
    "Scope",
    "Uncacheable",
    "UncountedWrite",
    "bump",
    "keys_of",
    "new_version",
    "next_version",
    "owned_by",
    "split_page",
]
