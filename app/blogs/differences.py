"""What changed between two texts, in words."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rapidfuzz.distance import Indel

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
LINES = re.compile(r"[^\n]*\n|[^\n]+")
# Finding the difference takes a bit for each pair: this much is 25 MB, and 0.1 s.
MOST_PAIRS = 200_000_000

Kind = Literal["same", "gone", "new"]


class Passage(NamedTuple):
    """Some of the text that is in both, or only before (`gone`), or only after (`new`)."""

    kind: Kind
    text: str


def differences(before: str, after: str) -> list[Passage]:
    """The two texts as one, in order. Very long ones that differ much are compared by lines, or not at all."""
    for unit in (WORDS, LINES):
        old, new = unit.findall(before), unit.findall(after)
        if _pairs(old, new) <= MOST_PAIRS:
            return list(_parts(old, new))
    return [Passage("gone", before), Passage("new", after)]


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pairs are left to compare without what both begin and end with."""
    shorter = min(len(old), len(new))
    start = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    left = shorter - start
    end = next((index for index in range(left) if old[-1 - index] != new[-1 - index]), left)
    return (len(old) - start - end) * (len(new) - start - end)


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[Passage]:
    gone = come = ""
    for operation in Indel.opcodes(old, new):
        before = "".join(old[operation.src_start : operation.src_end])
        after = "".join(new[operation.dest_start : operation.dest_end])
        if operation.tag != "equal":
            gone, come = gone + before, come + after
        elif before.isspace() and (gone or come) and operation.dest_end < len(new):
            # Between two words that changed, the space is no news.
            gone, come = gone + before, come + after
        else:
            yield from _changed(gone, come)
            gone = come = ""
            yield Passage("same", before)
    yield from _changed(gone, come)


def _changed(gone: str, come: str) -> Iterator[Passage]:
    if gone:
        yield Passage("gone", gone)
    if come:
        yield Passage("new", come)
