"""What the blog logs, and where it cannot."""

from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="This system has no /dev/full")
class TestALogOnAFullDisk:
    def test_costs_no_answer(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = []
        # Closing it fails too.
        with suppress(OSError), FULL.open("w") as log:
            monkeypatch.setattr("sys.stdout", log)
            answers = [client.get(path).status_code for path in ("/", "/nothing")]
        assert answers == [200, 404]
