"""The store of the blog that answers this request."""

from app.current import extension
from app.storage.store import Store


def store() -> Store:
    return extension("store", Store)
