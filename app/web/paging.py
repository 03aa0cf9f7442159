"""Lists by pages: which page a request asks for, and where the next one is."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from pydantic_core import to_json

from app.cache import BoundQuery, Page, split_page
from app.db import MAX_ID
from app.errors import Invalid
from app.web.pages import json_answer
from app.web.reads import fetch_json

# How many rows a person's page shows; how many the API sends unless it is told, and at most.
SHOWN, SENT, MAX_SENT = 20, 50, 200
FIRST, FIRST_SHOWN = Page(SENT), Page(SHOWN)


def page_sent(*filters: str) -> Page:
    """The page that a program asks for by `?limit=&after=`. Raises Invalid, also for a parameter that is no filter."""
    if not request.query_string:
        return FIRST
    sent = request.args
    # A misspelt one must not read as the first page, which would send whoever follows the pages round for ever.
    if strangers := sent.keys() - {"limit", "after", *filters}:
        raise Invalid(dict.fromkeys(sorted(strangers), "There is no such parameter"))
    limit = _number(sent, "limit", MAX_SENT, f"Use a whole number from 1 to {MAX_SENT}")
    return Page(limit or SENT, _id(sent, "after"))


def filter_sent(name: str, page: Page) -> str | None:
    """What a program that asks for that page wants in all of its rows, if it says so."""
    # The first page as it is has no query, which is not read once more.
    return None if page is FIRST else request.args.get(name)


def page_shown(name: str = "after") -> Page:
    """The page that a person asks for by the parameter of that name. Raises Invalid."""
    return Page(SHOWN, _id(request.args, name)) if request.query_string else FIRST_SHOWN


def send_page(read: BoundQuery, page: Page, **filters: str) -> Response:
    """The page's rows as a JSON array, with a `Link` to the first page and to the next one (RFC 8288).

    They have the same filters as the page.
    """
    return _sent(fetch_json(read), page, **filters)


def send_rows(rows: Sequence[object], following: int | None, page: Page) -> Response:
    """The same of rows that were just read, after which the next page begins at `following`."""
    return _sent(to_json({"next": following, "rows": rows}), page)


def _sent(document: bytes, page: Page, **filters: str) -> Response:
    following, rows = split_page(document)
    response = json_answer(rows, whole=document)
    links = []
    if page.after:
        links.append(_link("first", {**filters, "limit": page.limit}))
    if following:
        links.append(_link("next", {**filters, "limit": page.limit, "after": following}))
    if links:
        response.headers.add("Link", ", ".join(links))
    return response


def _link(relation: str, query: dict[str, Any]) -> str:
    address = url_for(str(request.endpoint), **(request.view_args or {}), **query)
    return f'<{address}>; rel="{relation}"'


def _id(sent: Mapping[str, str], name: str) -> int | None:
    return _number(sent, name, MAX_ID, "Use the id of the last one that you have")


def _number(sent: Mapping[str, str], name: str, most: int, sentence: str) -> int | None:
    if name not in sent:
        return None
    value = sent[name]
    if not re.fullmatch("[1-9][0-9]{0,18}", value) or int(value) > most:
        raise Invalid({name: sentence})
    return int(value)
