"""`--fast`: the tests that need no browser and no program beside them, for somebody who works and runs them often."""

import pytest

MARK = "programs"
BROWSERS_AND_SITES = ("playwright", "site")


def init(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: starts programs of its own, so that --fast leaves it out")


class Fast:
    def __init__(self, config: pytest.Config) -> None:
        self._slow = {*BROWSERS_AND_SITES, *config.getini("slow_fixtures")}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        slow = [item for item in items if self._is_slow(item)]
        items[:] = [item for item in items if not self._is_slow(item)]
        if slow:
            config.hook.pytest_deselected(items=slow)

    def _is_slow(self, item: pytest.Item) -> bool:
        fixtures = set(getattr(item, "fixturenames", ()))
        return item.get_closest_marker(MARK) is not None or not fixtures.isdisjoint(self._slow)
