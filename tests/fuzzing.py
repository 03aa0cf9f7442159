"""The API under fire: requests that its own description allows, and requests that it forbids, by schemathesis."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, assume, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks

from app.auth.models import User
from app.db import Database
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.session import SAME_ORIGIN, SessionFactory
from tests.factories.share import ShareFactory
from tests.factories.user import UserFactory

PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Too long to be looked at: refused whatever it is, which schemathesis does not count as refused.
UNREAD = {413, 414}
DOTS = {"", ".", ".."}
# How many requests of a kind are made before there are new things to ask for.
AT_ONCE = 5


@dataclass
class Tally:
    statuses: Counter[int] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def server_errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)


class Caller:
    """Who asks, and whether of what is there: `ids` for the path's parameters."""

    def __init__(self, name: str, headers: dict[str, str]) -> None:
        self.name = name
        cookie = headers.get("Cookie", "")
        # Schemathesis sends cookies of its own; a header would lose against them.
        self.cookies = dict([cookie.split("=", 1)]) if cookie else {}
        self.headers = {name: value for name, value in headers.items() if name != "Cookie"}


class World:
    """Somebody who has one of everything, and those who ask for it."""

    def __init__(self, app: Flask) -> None:
        self._database: Database = app.extensions["database"]
        self._images = app.extensions["images"]
        self.owner: User = UserFactory.on(self._database)()
        reader: User = UserFactory.on(self._database)()
        self._reader = reader
        sessions = SessionFactory(app)
        self.callers = [
            Caller("the owner", sessions(self.owner).browser_headers),
            Caller("a reader", sessions(reader).browser_headers),
            Caller("a stranger", SAME_ORIGIN),
            Caller("a program", {}),
        ]

    def ids(self, pending: bool) -> dict[str, int]:
        """The ids of new things: a blog, shared with the reader, and a file that is on it or still on its way."""
        blog = BlogFactory.on(self._database)(self.owner)
        share = ShareFactory.on(self._database)(blog, self._reader)
        files = AttachmentFactory.with_files(self._database, self._images)
        file = files(self.owner, pending=True) if pending else files(self.owner, blog)
        return {"blog_id": blog.id, "share_id": share.id, "attachment_id": file.id}


def fuzz(
    schema: BaseSchema,
    world: World,
    count: int,
    start: int,
    seconds: float = math.inf,
    show: Callable[[Tally], object] = lambda _: None,
) -> Tally:
    """So many requests or a few more, unless the seconds are over, and what was not as the description says.

    They are the same for the same `start`.
    """
    schema.config.generation.update(with_security_parameters=False)
    tally, until = Tally(), time.monotonic() + seconds
    for turn in _turns(schema, world, start):
        turn(tally)
        show(tally)
        if tally.requests >= count or time.monotonic() > until:
            break
    return tally


def _turns(schema: BaseSchema, world: World, start: int) -> Iterator[Callable[[Tally], None]]:
    found: Any = schema.get_all_operations()
    operations = [each.ok() for each in found]
    number = start
    while True:
        for operation in operations:
            for caller in world.callers:
                for mode in GenerationMode:
                    number += 1
                    yield lambda tally, of=(operation, caller, mode, number): _ask(tally, world, *of)  # type: ignore[misc]


def _ask(
    tally: Tally,
    world: World,
    operation: APIOperation[Any, Any, Any, Any],
    caller: Caller,
    mode: GenerationMode,
    number: int,
) -> None:
    ids = world.ids(pending=bool(number % 3))

    def ask(case: Case[Any], known: bool) -> None:
        if known:
            case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
        # An HTTP client resolves them (RFC 3986, 5.2.4): the request would be for another route.
        assume(not DOTS & set(map(str, case.path_parameters.values())))
        answer = case.call(headers=caller.headers, cookies=caller.cookies)
        tally.statuses[answer.status_code] += 1
        tally.answered[operation.label] += 1
        try:
            refuses = [] if answer.status_code in UNREAD else [checks.negative_data_rejection]
            case.validate_response(answer, checks=[*PROMISES, *refuses])
        except FailureGroup as group:
            told = "; ".join(f"{type(each).__name__}: {each}" for each in group.exceptions)
            tally.failures.append(f"{operation.label} as {caller.name}, {answer.request.path_url}: {told}"[:1500])

    strategy = operation.as_strategy(generation_mode=mode)
    limits = hypothesis_settings(
        max_examples=AT_ONCE,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    # What takes no parameters cannot be asked wrongly.
    with suppress(Unsatisfiable):
        limits(seed(number)(given(case=strategy, known=st.booleans())(ask)))()
