"""Reads through the query cache within a request, and what the answer tells of them."""

from typing import Any

from flask import Flask, Response, g
from pydantic_core import from_json

from app.cache import COUNTED, BoundQuery, Cache, Outcome
from app.config import Settings
from app.current import extension
from app.db import Database
from app.errors import NotFound
from app.log import note
from app.release import release
from app.web.metrics import cache_events


def init_app(app: Flask, settings: Settings, database: Database) -> None:
    counters = {name: cache_events.labels(name) for name in COUNTED}
    made = Cache(
        database.rows,
        namespace="inkwell",
        release=release().decode(),
        ttl=settings.cache_ttl,
        secret=settings.secret_key,
        redis_url=settings.redis_url or None,
        on_event=lambda name: counters[name].inc(),
    )
    made.tidy_after(database.sessions)
    app.extensions["cache"] = made
    app.after_request(_tell)


def cache() -> Cache:
    return extension("cache", Cache)


def fetch_json(read: BoundQuery, missing: str = "", otherwise: BoundQuery | None = None) -> bytes:
    """The read's JSON document, as the API sends it, or that of `otherwise` if it is null.

    Raises NotFound with the sentence `missing` if there is none.
    """
    outcomes: list[Outcome] = g.setdefault("outcomes", [])
    answer = cache().json(read, observe=outcomes.append)
    if otherwise and answer == b"null":
        # The answer will be made of the other read alone, and tells of that one.
        outcomes.pop()
        return fetch_json(otherwise, missing)
    if missing and answer == b"null":
        raise NotFound(missing)
    return answer


def fetch(read: BoundQuery, missing: str = "", otherwise: BoundQuery | None = None) -> Any:
    """The same document, parsed."""
    return from_json(fetch_json(read, missing, otherwise))


def _tell(response: Response) -> Response:
    outcomes: list[Outcome] = g.get("outcomes", [])
    if outcomes:
        results = {outcome.result for outcome in outcomes}
        result = next(result for result in ("miss", "hit", "bypass") if result in results)
        note(cache=result)
        response.headers.add("X-Cache", result)
        response.headers.add("Server-Timing", ", ".join(map(_timing, outcomes)))
    return response


def _timing(outcome: Outcome) -> str:
    return f'{outcome.name};dur={outcome.seconds * 1000:.2f};desc="{outcome.result} {outcome.tier}"'
