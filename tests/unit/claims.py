"""Claims that pytest has no words for."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

import pytest

T = TypeVar("T")


def raised_by(act: Callable[[], object]) -> Exception | None:
    """What the act raises: a test that claims something of it fails by its claim, whatever else is raised."""
    try:
        act()
    except Exception as error:  # noqa: BLE001  it is handed on
        return error
    return None


def promptly(act: Callable[[], T], seconds: float = 10) -> T:
    """What the act returns or raises. One that takes longer fails the test, and nobody waits for its end."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:  # noqa: BLE001  it is raised where the test hears of it
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        if outcome.done():
            raise
    pytest.fail(f"It did not end within {seconds} seconds.")
