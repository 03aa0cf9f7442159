"""A line with everything that its request needs, which was answered once as it should be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dev.bench.load import ANY_LENGTH, Reply, Request, ask
from dev.bench.rows import Line
from dev.bench.servers import Running

NEW_BLOG = json.dumps({"title": "A new blog", "content": "Some words."})
# What a list's item may have besides the blog itself.
EXTRAS = {"content_truncated", "tags"}


class NotThere(Exception):
    """The app does not do this yet; the one word is what the table says."""


class WrongAnswer(Exception):
    """An answer is not what it should be."""


@dataclass(frozen=True)
class Asked:
    line: Line
    server: Running
    request: Request
    status: int
    length: int


def prepared(
    line: Line, server: Running, path: str, headers: Mapping[str, str], documents: Sequence[Mapping[str, Any]]
) -> Asked:
    """The line, once its answer was looked at; `documents` is the reader's list as it should be.

    Asks twice, since the first may fill a cache. Raises NotThere or WrongAnswer.
    """
    request = Request(path, headers)
    if line.writes:
        request = Request(path, {**headers, "Content-Type": "application/json"}, "POST", NEW_BLOG)
    ask(server, request)
    reply, status = ask(server, request), line.status
    if line.revalidates:
        if "ETag" not in reply.headers:
            raise NotThere("none")
        request = replace(request, headers={**headers, "If-None-Match": reply.headers["ETag"]})
        reply, status = ask(server, request), 304
    if problem := problem_with(line, reply, status, documents):
        raise WrongAnswer(f"{line.row}, {line.title}: {problem}, with {reply.body[:200]!r}")
    return Asked(line, server, request, status, ANY_LENGTH if line.writes else len(reply.body))


def problem_with(line: Line, reply: Reply, status: int, documents: Sequence[Mapping[str, Any]]) -> str:
    """Why the reply is not what the line should get, or nothing."""
    if reply.status != status:
        return f"{reply.status} instead of {status}"
    if status == 304:
        return "a 304 has no body" if reply.body else ""
    if line.cache and reply.headers["X-Cache"] != line.cache:
        return f"X-Cache is {reply.headers['X-Cache']} instead of {line.cache}"
    if line.check == "list":
        listed = [without_extras(each) for each in json.loads(reply.body)]
        return "" if listed == documents else "another list than was written"
    missing = line.check == "text" and documents[0]["title"].encode() not in reply.body
    return "the newest blog is not in it" if missing else ""


def without_extras(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in EXTRAS}
