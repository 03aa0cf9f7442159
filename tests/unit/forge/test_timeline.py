"""Which action of a test caused a request that its server answered."""

import json

from tests.forge.evidence.archive import Entries
from tests.forge.evidence.record import Request
from tests.forge.evidence.timeline import Causes


def lines(*events: dict[str, object]) -> bytes:
    return "\n".join(map(json.dumps, events)).encode()


def answered(request_id: str, at: float) -> dict[str, object]:
    headers = [{"name": "X-Request-ID", "value": request_id}]
    return {"snapshot": {"_monotonicTime": at, "response": {"headers": headers}}}


def two_visits(*answers: dict[str, object]) -> Entries:
    """A trace of a first visit, begun at 100, and a second one, begun at 200."""
    actions = [{"type": "before", "callId": name, "startTime": at} for name, at in (("first", 100), ("second", 200))]
    return {"a.trace": lines(*actions), "a.network": lines(*answers)}


class TestARequest:
    def test_was_caused_by_the_last_action_before_it(self) -> None:
        causes = Causes(two_visits(answered("1", 150), answered("2", 250)))
        assert [causes.of(a_request(name), 0) for name in ("1", "2")] == ["first", "second"]

    def test_was_caused_by_the_first_visit_when_the_browsers_cache_answers_the_second(self) -> None:
        causes = Causes(two_visits(answered("1", 150), answered("1", 250)))
        assert causes.of(a_request("1"), 0) == "first"


def a_request(request_id: str) -> Request:
    return Request("GET", "/", id=request_id)
