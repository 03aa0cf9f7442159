"""The folder of a failing test where its traces are not as they are known."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.forge.evidence.folder import Evidence
from tests.forge.evidence.record import Request
from tests.forge.evidence.scrub import Scrubber
from tests.forge.evidence.texts import Failure

COOKIE = "eyJ1c2VyIjoiR3JhY2UifQ.awI76Q.GyQ9ha4W-ZUkRsYCdpnQvT8RQN8"
BEGAN = {"version": 10, "type": "context-options", "origin": "library", "wallTime": 1000, "monotonicTime": 10}
FAILED = Failure("the test itself", f"It was {COOKIE}.", "It was.", [])


def click(start: float) -> dict[str, Any]:
    return {"type": "before", "callId": f"click@{start}", "startTime": start, "class": "Frame", "method": "click"}


def left(folder: Path, *events: Any, requests: list[Request] | None = None) -> Path:
    """What a test leaves in that folder whose trace has these events."""
    with zipfile.ZipFile(folder / "trace.zip", "w") as archive:
        archive.writestr("trace.trace", "".join(f"{json.dumps(event)}\n" for event in events))
        archive.writestr("trace.network", json.dumps({"name": "Cookie", "value": f"session={COOKIE}"}))
        archive.writestr("resources/page.html", f"<p>{COOKIE}</p>")
    evidence(folder, requests or []).leave()
    return folder


def evidence(folder: Path, requests: list[Request]) -> Evidence:
    return Evidence(folder, folder, "test_small.py::test_fails", [FAILED], requests, "", "#!/bin/sh\n", Scrubber())


def entries(folder: Path) -> dict[str, str]:
    with zipfile.ZipFile(folder / "trace.zip") as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def parent_of(folder: Path, request: Request) -> str:
    events = [json.loads(line) for line in entries(folder)["test.trace"].splitlines()]
    [found] = [each for each in events if each["type"] == "before" and request.path in each["title"]]
    return str(found["parentId"])


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([{**BEGAN, "version": 11}], "the traces are of version 11, and 10 is known"),
        ([{**BEGAN, "monotonicTime": None}], "a trace does not say when it began"),
        ([BEGAN, {"type": "before"}], "an event is not as expected"),
        ([BEGAN, {"type": "before", "callId": "click@1", "startTime": None}, click(2)], "an event is not as expected"),
    ],
    ids=["another version", "no time", "an action without an id", "an action without a time"],
)
class TestATraceOfAnotherFormat:
    def test_is_said_in_one_sentence(self, tmp_path: Path, events: list[Any], sentence: str) -> None:
        told = (left(tmp_path, *events) / "error.txt").read_text()
        assert "The trace is Playwright's own, without the server's side: " in told
        assert sentence in told

    def test_stays_as_it_is(self, tmp_path: Path, events: list[Any], sentence: str) -> None:
        kept = entries(left(tmp_path, *events))
        assert [json.loads(line) for line in kept["trace.trace"].splitlines()] == events
        assert "test.trace" not in kept

    def test_holds_no_secret_all_the_same(self, tmp_path: Path, events: list[Any], sentence: str) -> None:
        assert entries(left(tmp_path, *events))["resources/page.html"] == "<p>[cookie-1]</p>"


class TestATraceThatCannotBeRead:
    @pytest.fixture(autouse=True)
    def broken(self, tmp_path: Path) -> None:
        (tmp_path / "trace.zip").write_bytes(f"PK {COOKIE}".encode())
        evidence(tmp_path, []).leave()

    def test_is_not_kept(self, tmp_path: Path) -> None:
        assert not (tmp_path / "trace.zip").exists()

    def test_is_said_in_one_sentence(self, tmp_path: Path) -> None:
        assert "A trace could not be read, and is not kept" in (tmp_path / "error.txt").read_text()


class TestARequestThatNoTraceNames:
    def test_stands_under_the_last_action_before_it(self, tmp_path: Path) -> None:
        # The trace's clock is at 10 when it is 1000 milliseconds after 1970.
        request = Request("GET", "/beside", start=1150)
        assert parent_of(left(tmp_path, BEGAN, click(100), click(150), click(170), requests=[request]), request) == (
            "click@150"
        )


class TestASecretThatATraceGivesAway:
    def test_is_in_no_other_file(self, tmp_path: Path) -> None:
        assert COOKIE not in (left(tmp_path, BEGAN) / "error.txt").read_text()
