"""The time that a test may take, and what does not count: a browser's download."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

TEST_SECONDS = 60
RUNNING = pytest.StashKey[tuple[pytest.Item, Any]]()


def set_limit(config: pytest.Config) -> None:
    """A minute for each test, unless somebody said otherwise or looks at it with Playwright's inspector."""
    told = config.getini("timeout") or config.getoption("timeout") is not None or "PYTEST_TIMEOUT" in os.environ
    if not told and not os.environ.get("PWDEBUG"):
        config.option.timeout = TEST_SECONDS


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    item.config.stash[RUNNING] = item, settings


@contextmanager
def without_limit(config: pytest.Config) -> Iterator[None]:
    """Stop the running test's time, and give it all of it afterwards."""
    if RUNNING not in config.stash:
        yield
        return
    item, settings = config.stash[RUNNING]
    config.hook.pytest_timeout_cancel_timer(item=item)
    yield
    config.hook.pytest_timeout_set_timer(item=item, settings=settings)
