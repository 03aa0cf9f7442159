"""The server's requests as events of a trace: each under the action that caused it, with what it asked beneath it."""

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from .archive import VERSION, Entries, Event, events_of, first_context
from .record import Asked, Request

SHOWN = 120
# A frame as `Asked.stack` has it.
FRAME = re.compile(r"(?P<file>.+):(?P<line>\d+) (?P<function>.+)")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
IN_TRACEBACK = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)$', re.MULTILINE)
REQUEST_ID = "x-request-id"


@dataclass(frozen=True)
class Action:
    """What the test did in its browser: Playwright's action, on the trace's clock."""

    call_id: str
    start: float


def _start(action: Action) -> float:
    return action.start


def _sent_at(sent: tuple[str, float]) -> float:
    return sent[1]


class Causes:
    """Which action caused a request: the last that had begun in that browser when it was sent."""

    def __init__(self, entries: Entries) -> None:
        self._actions: dict[str, list[Action]] = {}
        for trace, events in events_of(entries, ".trace"):
            began = [Action(each["callId"], each["startTime"]) for each in events if each.get("type") == "before"]
            self._actions[trace] = sorted(began, key=_start)
        self._everybodys = sorted(chain(*self._actions.values()), key=_start)
        self._sent: dict[str, tuple[str, float]] = {}
        for trace, events in events_of(entries, ".network"):
            for request_id, at in _answered(events):
                # The browser's cache repeats an answer with its id: the server gave it the first time.
                first = self._sent.setdefault(request_id, (trace, at))
                self._sent[request_id] = min(first, (trace, at), key=_sent_at)

    def of(self, request: Request, at: float) -> str | None:
        """The action that caused this request, which the server began to answer then."""
        trace, sent = self._sent.get(request.id, (None, at))
        actions = self._actions.get(trace, []) if trace else self._everybodys
        index = bisect_right(actions, sent, key=_start)
        return actions[index - 1].call_id if index else None


def _answered(events: Sequence[Event]) -> Iterator[tuple[str, float]]:
    for event in events:
        snapshot = event.get("snapshot", {})
        for header in snapshot.get("response", {}).get("headers", []):
            if header.get("name", "").lower() == REQUEST_ID and (at := snapshot.get("_monotonicTime")):
                yield header["value"], at


def server_events(entries: Entries, requests: Sequence[Request], log: str, error: str, stack: Any) -> list[Event]:
    """The events of a trace of our own, on the clock of the others. Raises UnknownFormat.

    `error` is what the test failed of: beside a trace like this one, the viewer lists no others.
    """
    context = first_context(entries)
    wall, monotonic = float(context["wallTime"]), float(context["monotonicTime"])
    causes = Causes(entries)

    def at(milliseconds: float) -> float:
        return milliseconds - wall + monotonic

    events = [_first(wall, monotonic)]
    if error:
        events.append({"type": "error", "message": error, "stack": stack})
    for number, request in enumerate(requests, 1):
        events += _request(request, f"server@{number}", causes.of(request, at(request.start)), at)
    return [*events, *_output(log, requests, at)]


def _first(wall: float, monotonic: float) -> Event:
    return {
        "version": VERSION,
        "type": "context-options",
        "origin": "testRunner",
        "browserName": "",
        "options": {},
        "platform": sys.platform,
        "wallTime": wall,
        "monotonicTime": monotonic,
        "sdkLanguage": "python",
        "testTimeout": 0,
        "annotations": [],
    }


def _request(request: Request, call_id: str, parent: str | None, at: Callable[[float], float]) -> Iterator[Event]:
    told = {
        name: getattr(request, name)
        for name in ("id", "cache", "timing", "location", "cookies", "sets", "ms", "status")
    }
    begun = _before(call_id, at(request.start), f"server: {request}", told, [])
    yield {**begun, **({"parentId": parent} if parent else {})}
    for number, asked in enumerate(request.asked, 1):
        yield from _asked(asked, f"{call_id}.{number}", call_id, at)
    if request.traceback:
        stack = frames(reversed([each.groupdict() for each in IN_TRACEBACK.finditer(request.traceback)]))
        yield {"type": "error", "message": f"server: {request}\n{request.traceback}", "stack": stack}
        yield {**_after(call_id, at(request.start + request.ms)), "error": {"message": request.traceback}}
    else:
        yield _after(call_id, at(request.start + request.ms))


def _asked(asked: Asked, call_id: str, parent: str, at: Callable[[float], float]) -> Iterator[Event]:
    words = " ".join(asked.text.split())
    title = f"{asked.kind}: {words if len(words) <= SHOWN else f'{words[:SHOWN]} …'}"
    outcome = [asked.answer, f"{asked.rows} rows" if asked.rows is not None else ""]
    told = {"text": asked.text, "parameters": asked.parameters, "outcome": ", ".join(filter(None, outcome))}
    stack = frames(found.groupdict() for found in map(FRAME.fullmatch, asked.stack) if found)
    yield {**_before(call_id, at(asked.start), title, told, stack), "parentId": parent}
    yield _after(call_id, at(asked.start + (asked.ms or 0)))


def frames(found: Any) -> list[Event]:
    """Frames as a trace has them."""
    return [
        {"file": each["file"], "line": int(each["line"]), "column": 1, "function": each["function"]} for each in found
    ]


def _before(call_id: str, start: float, title: str, params: dict[str, Any], stack: list[Event]) -> Event:
    known = {name: value for name, value in params.items() if value}
    return {
        "type": "before",
        "callId": call_id,
        "startTime": start,
        "class": "Test",
        "method": "test.step",
        "title": title,
        "params": known,
        "stack": stack,
    }


def _after(call_id: str, end: float) -> Event:
    return {"type": "after", "callId": call_id, "endTime": end}


def _output(log: str, requests: Sequence[Request], at: Callable[[float], float]) -> Iterator[Event]:
    """What the server printed, and what it logged otherwise, for the console."""
    for request in requests:
        for logged in request.log:
            yield {"type": "stderr", "timestamp": at(logged.time), "text": f"{logged.level}: {logged.text}\n"}
    moment = requests[0].start if requests else None
    for line in log.splitlines():
        if stamp := STAMP.search(line):
            moment = datetime.fromisoformat(stamp.group()).timestamp() * 1000
        if moment:
            yield {"type": "stdout", "timestamp": at(moment), "text": f"{line}\n"}
