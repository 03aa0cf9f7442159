"""Looking for the secrets that a run has met in all that it has left."""

import json
import sys
import zipfile
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.forge.report.__main__ import main

CANARY = "eyJ1c2VyIjoiR3JhY2UifQ.aS5fJg.c2lnbmVkLWJ5LXRoZS1hcHA/+="


def zipped(text: str) -> bytes:
    with BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("test.trace", text)
        return file.getvalue()


PLANTED = {
    "error.txt": f"session={CANARY}".encode(),
    "quoted.txt": f"next%3D{quote(CANARY, safe='')}%26".encode(),
    "results.jsonl": json.dumps({"text": f"<p>\n{CANARY}</p>"}).encode(),
    "its-end.txt": CANARY.rpartition(".")[2].encode(),
    "picture.png": b"\x89PNG" + CANARY.encode() + bytes(range(256)),
    "trace.zip": zipped(CANARY),
    "index.html": f"<template>data:application/zip;base64,{b64encode(zipped(CANARY)).decode()}</template>".encode(),
}


class Looking:
    """A folder of results, and what `report secrets` says of it."""

    def __init__(self, here: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.left, self.noted = here / "results", here / "noted"
        self._patch, self._capsys = patch, capsys
        self.left.mkdir()
        self.noted.write_text(f"another-secret-of-that-run\n{CANARY}\n")

    def code(self) -> int:
        self._patch.setattr(sys, "argv", ["report", "secrets", str(self.noted), str(self.left)])
        code = main()
        self.said = self._capsys.readouterr().out.splitlines()
        return code


@pytest.fixture
def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Looking:
    return Looking(tmp_path, monkeypatch, capsys)


class TestASecretThatWasLeft:
    @pytest.fixture(autouse=True, params=PLANTED)
    def planted(self, looking: Looking, request: pytest.FixtureRequest) -> str:
        name = str(request.param)
        (looking.left / "of-a-test").mkdir()
        (looking.left / "of-a-test" / name).write_bytes(PLANTED[name])
        return name

    def test_is_found(self, looking: Looking) -> None:
        assert looking.code() == 1

    def test_is_named_by_its_line_and_not_by_itself(self, looking: Looking, planted: str) -> None:
        looking.code()
        place = looking.left / "of-a-test" / planted
        assert looking.said[0].removesuffix("/test.trace.") in (
            f"The secret in line 2 of {looking.noted} is in {place}.",
            f"The secret in line 2 of {looking.noted} is in {place}",
        )


class TestResultsWithoutASecret:
    @pytest.fixture(autouse=True)
    def clean(self, looking: Looking) -> None:
        (looking.left / "error.txt").write_text("session=[cookie-1]")
        (looking.left / "trace.zip").write_bytes(zipped("[cookie-1]"))

    def test_pass(self, looking: Looking) -> None:
        assert looking.code() == 0

    def test_are_counted_with_what_is_in_archives(self, looking: Looking) -> None:
        looking.code()
        assert looking.said == ["Looked for 2 secrets in 3 files with those in archives, 0.0 MB: 0 found."]

    def test_do_not_pass_by_secrets_that_are_words(self, looking: Looking) -> None:
        looking.noted.write_text("password\n")
        assert looking.code() == 1

    def test_show_nothing_where_none_was_noted(self, looking: Looking) -> None:
        looking.noted.write_text("")
        assert looking.code() == 1

    def test_say_what_to_do_where_the_file_is_missing(self, looking: Looking) -> None:
        looking.noted.unlink()
        with pytest.raises(SystemExit, match=f"a run with --note-secrets={looking.noted} writes it"):
            looking.code()


class TestNoResults:
    def test_show_nothing(self, looking: Looking) -> None:
        assert looking.code() == 1
