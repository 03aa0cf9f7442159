"""The addresses in a Markdown text, exchanged for others: its own files have one here, and another in an archive."""

import re
from collections.abc import Callable

# Where a link or a picture leads, in its brackets or in a definition below the text.
_TARGET = re.compile(r"(?P<before>\][(:]\s*)(?:<(?P<quoted>[^<>\n]*)>|(?P<bare>[^\s<>()]+))")


def targets_in(text: str) -> list[str]:
    """Where the text's links and pictures lead, as they are written."""
    return [found["quoted"] or found["bare"] or "" for found in _TARGET.finditer(text)]


def with_targets(text: str, exchanged: Callable[[str], str | None]) -> str:
    """The text, each target as `exchanged` has it; where that gives None, as it was."""

    def put(found: re.Match[str]) -> str:
        new = exchanged(found["quoted"] or found["bare"] or "")
        return found[0] if new is None else found["before"] + new

    return _TARGET.sub(put, text)
