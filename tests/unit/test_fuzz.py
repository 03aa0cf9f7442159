"""Three hundred requests that the API's description allows or forbids: each answer is one that it promises."""

import random

import pytest
from flask import Flask

pytestmark = pytest.mark.both_databases

REQUESTS = 300


class TestTheApiUnderFire:
    @pytest.mark.timeout(240)
    def test_answers_as_its_description_says(self, app: Flask) -> None:
        # Here, because half a second is much for the tests that need none of it.
        import schemathesis

        from tests.fuzzing import World, fuzz

        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        # Others each time; pytest-randomly's seed, which a run prints, brings them back.
        tally = fuzz(schema, World(app), REQUESTS, start=random.getrandbits(32))
        assert (tally.failures, tally.requests >= REQUESTS) == ([], True)
