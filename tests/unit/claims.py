"""Claims that pytest has no words for."""

from collections.abc import Callable


def raised_by(act: Callable[[], object]) -> Exception | None:
    """What the act raises: a test that claims something of it fails by its claim, whatever else is raised."""
    try:
        act()
    except Exception as error:  # noqa: BLE001  it is handed on
        return error
    return None
