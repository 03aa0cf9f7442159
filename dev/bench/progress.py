"""One line that says what is measured now; in a log, the title of each part and no more."""

import sys
import time

from dev.steps import say

WIDTH = 78


class Progress:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._live = sys.stderr.isatty()
        self._told = ""

    def show(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        if self._live:
            say(f"\r{f'{minutes}:{seconds:02}  {text}':{WIDTH}.{WIDTH}}")
        elif (part := text.partition(", ")[0].partition(": ")[0]) != self._told:
            say(f"{minutes}:{seconds:02}  {part}\n")
            self._told = part

    def end(self) -> None:
        if self._live:
            say(f"\r{'':{WIDTH}}\r")
