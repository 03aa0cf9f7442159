"""What a failing test leaves as texts, for somebody who has nothing but its folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .record import Asked, Request

LAST_ANSWERS = 20
# The innermost line is often one that all queries pass through.
CALLERS = 3


@dataclass(frozen=True)
class PageSeen:
    """What a person saw on one of the test's pages when it failed."""

    url: str
    aria: str


@dataclass(frozen=True)
class Failure:
    """What is known of a failure the moment it happens, while the pages are still open."""

    phase: str
    error: str
    message: str
    frames: Sequence[dict[str, Any]] = ()
    pages: Sequence[PageSeen] = ()
    problems: Sequence[str] = ()
    fetched: Sequence[str] = ()
    answers: Sequence[str] = ()


def error_text(name: str, failures: Sequence[Failure], requests: Sequence[Request], notes: Sequence[str]) -> str:
    """The assertion, the pages as a person saw them, the last answers, and where the server failed."""
    sections = [("", name)]
    for failure in failures:
        sections.append((f"Failed in {failure.phase}", failure.error))
        sections.append(("Problems on the pages", "\n".join(failure.problems)))
        for number, page in enumerate(failure.pages, 1):
            which = f"Page {number}" if len(failure.pages) > 1 else "The page"
            sections.append((f"{which}, as a person saw it", f"{page.url}\n\n{page.aria}"))
        sections.append(("Requests in the page", "\n".join(failure.fetched)))
        sections.append(("The last answers that the pages got", "\n".join(failure.answers)))
    broken = [f"{request}\n{request.traceback}" for request in requests if request.status >= 500 or not request.status]
    sections += [("Where the server failed", "\n".join(broken)), ("Of this folder", "\n".join(notes))]
    return "\n".join(_section(title, text) for title, text in sections if text.strip())


def _section(title: str, text: str) -> str:
    return f"{title}\n{'=' * len(title)}\n{text.strip()}\n" if title else f"{text}\n"


def sql_text(requests: Sequence[Request]) -> str:
    """Each request with what it asked of the database, its cache and other servers, and the lines that asked."""
    return "".join(f"{line}\n" for request in requests for line in _served(request))


def _served(request: Request) -> Iterator[str]:
    at = datetime.fromtimestamp(request.start / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    yield f"{at}  {request}  {request.id}".rstrip()
    if request.timing:
        yield f"{'':14}server-timing: {request.timing}"
    if request.asked or request.status >= 400:
        yield f"{'':14}came with {', '.join(request.cookies) or 'no cookie'}"
    for cookie in request.sets:
        yield f"{'':14}set the cookie {cookie}"
    for asked in request.asked:
        yield from _asked(asked)


def _asked(asked: Asked) -> Iterator[str]:
    took = f"{asked.ms:.2f} ms" if asked.ms is not None else "unanswered"
    rows = f"rows {asked.rows}" if asked.rows is not None else asked.answer
    given = f"  ({', '.join(asked.parameters)})" if asked.parameters else ""
    yield f"{'':14}{took:>10}  {asked.kind:5}  {rows:8}  {' '.join(asked.text.split())}{given}"
    if asked.stack:
        yield f"{'':43}asked by {' < '.join(asked.stack[:CALLERS])}"
