"""The blog had nobody written `.cached(...)`: each read asks the database."""

from app.cache import BoundQuery

BoundQuery.cached = lambda self, scope: self  # type: ignore[method-assign]

from wsgi import app  # noqa: E402

__all__ = ["app"]
