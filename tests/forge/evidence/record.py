"""One request as the server saw it: written in its process, and read by the tests. Times are in milliseconds."""

import json
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

# Tests move the server's time, but not its monotonic clock.
_EPOCH = time.time() - time.monotonic()


def now() -> float:
    """The true time since 1970."""
    return round((_EPOCH + time.monotonic()) * 1000, 2)


@dataclass
class Asked:
    """What a request asked of the database, of a cache or of another server."""

    kind: str
    text: str
    start: float = field(default_factory=now)
    ms: float | None = None
    """How long it took; None when there was no answer."""
    answer: str = ""
    rows: int | None = None
    parameters: list[str] = field(default_factory=list)
    """Their types and lengths; what people wrote is not noted."""
    stack: list[str] = field(default_factory=list)
    """The lines of the app's own code that asked, the innermost first: `app/blogs/queries.py:41 blogs_by`."""

    def answered(self, answer: str = "") -> None:
        self.ms, self.answer = round(now() - self.start, 2), answer


@dataclass
class Logged:
    time: float
    level: str
    text: str


@dataclass
class Request:
    method: str
    path: str
    query: str = ""
    start: float = field(default_factory=now)
    ms: float = 0
    status: int = 0
    view: str = ""
    """The module of the view that answered."""
    id: str = ""
    cache: str = ""
    timing: str = ""
    location: str = ""
    cookies: list[str] = field(default_factory=list)
    """The names of those that came."""
    sets: list[str] = field(default_factory=list)
    """The cookies that the answer set, with their attributes and without their values."""
    asked: list[Asked] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    traceback: str = ""

    def __str__(self) -> str:
        moved = self.location.partition("?")[0]
        notes = [f"{self.ms:.1f} ms", self.cache and f"cache {self.cache}", moved and f"to {moved}"]
        return (
            f"{self.method} {self.path}{self.query} -> {self.status or 'no answer'} ({', '.join(filter(None, notes))})"
        )

    def line(self) -> bytes:
        return json.dumps(vars(self), default=vars).encode() + b"\n"

    @classmethod
    def read(cls, line: str) -> "Request":
        told = json.loads(line)
        asked, log = [Asked(**each) for each in told.pop("asked")], [Logged(**each) for each in told.pop("log")]
        return cls(**told, asked=asked, log=log)


CURRENT = ContextVar[Request | None]("forge_request", default=None)


def requests_since(file: Path, start: float) -> Iterator[Request]:
    """The requests in that file that began no earlier."""
    if file.exists():
        with file.open(encoding="utf-8") as lines:
            # A line without its end is still being written.
            found = (Request.read(line) for line in lines if line.endswith("\n"))
            yield from sorted((each for each in found if each.start >= start), key=lambda each: each.start)
