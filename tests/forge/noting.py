"""Every secret that a run meets, noted in a file, so that it can be looked for in all that the run has left.

The scrubber is not believed: beside what it has learned are noted the cookies of each browser, and what stood in the
addresses that it asked.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError

from .evidence.scrub import FIELDS
from .fixtures import VISITS, Visit
from .gathering import SCRUBBER


class Noting:
    """A plugin that adds to the file what its process has met, a line each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._noted: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        if call.when == "call":
            self._note(met for visit in item.stash.get(VISITS, []) for met in _met(visit))
        if call.when == "teardown":
            self._note(item.stash[SCRUBBER].known)
        return report

    def _note(self, secrets: Iterable[str]) -> None:
        new = {secret for secret in secrets if secret.strip()} - self._noted
        self._noted |= new
        file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # One write: other processes append to the same file.
        os.write(file, "".join(f"{secret}\n" for secret in new).encode())
        os.close(file)


def _met(visit: Visit) -> Iterator[str]:
    for address in visit.checks.addresses:
        yield from (value for name, value in parse_qsl(urlsplit(address).query) if name.lower() in FIELDS)
    with suppress(PlaywrightError):
        yield from (cookie.get("value", "") for cookie in visit.page.context.cookies())
