"""The first tier: documents in this process, the least recently used going first."""

import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

# What an entry costs besides its document: a key of some words, its digest, the tuple, the place in the table.
OVERHEAD = 800

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=bytes)


class Memory(Generic[Key, Value]):
    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._lock = Lock()
        self._kept: OrderedDict[Key, tuple[Value, float]] = OrderedDict()
        self._bytes = 0

    def get(self, entry: Key) -> Value | None:
        """The document, or None for a miss: a document is never None, nor even empty."""
        with self._lock:
            kept = self._kept.get(entry)
            if kept is None:
                return None
            document, expires = kept
            if expires <= time.time():
                self._drop(entry)
                return None
            self._kept.move_to_end(entry)
            return document

    def put(self, entry: Key, document: Value, expires: float = math.inf) -> None:
        with self._lock:
            self._drop(entry)
            self._kept[entry] = (document, expires)
            self._bytes += _cost(document)
            while len(self._kept) > self._max_entries or self._bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def size(self) -> dict[str, int]:
        with self._lock:
            return {"entries": len(self._kept), "bytes": self._bytes}

    def _drop(self, entry: Key) -> None:
        kept = self._kept.pop(entry, None)
        if kept is not None:
            self._bytes -= _cost(kept[0])


def _cost(document: bytes) -> int:
    return len(document) + OVERHEAD
