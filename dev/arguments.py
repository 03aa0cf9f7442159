"""What a command is asked for. Help and refusals come at once, before anything is prepared."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from dev.steps import SetupError


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations, and refuses what it does not know in one line."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise SetupError(f"{self.prog}: {message}; {self.prog} --help says what it takes")


def asks_for_help(arguments: Sequence[str]) -> bool:
    return not {"--help", "-h"}.isdisjoint(arguments)
