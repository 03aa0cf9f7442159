"""Secrets looked for in all that a run has left, with archives opened."""

import re
import zipfile
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

# A part of a secret that is spelled the same in an address, in HTML and in JSON, and is too long for a word.
SHORTEST = 16
PART = re.compile(rb"[\w-]{%d,}" % SHORTEST, re.ASCII)
REPORTED = b"data:application/zip;base64,"


@dataclass
class Search:
    """What was looked for and where; `hits` are the lines of the secrets, and the names of what holds them."""

    secrets: int
    files: int = 0
    bytes: int = 0
    hits: list[tuple[int, str]] = field(default_factory=list)


def searched(noted: Path, folder: Path) -> Search:
    """The secrets noted in that file, looked for in every file of the folder, with archives opened."""
    lines = [PART.findall(secret) for secret in noted.read_bytes().splitlines()]
    parts: dict[bytes, set[tuple[bytes, int]]] = defaultdict(set)
    for number, of_secret in enumerate(lines, 1):
        for part in of_secret:
            parts[part[:SHORTEST]].add((part, number))
    # One without such a part cannot be looked for.
    found = Search(secrets=sum(map(bool, lines)))
    for name, body in opened(folder):
        found.files += 1
        found.bytes += len(body)
        found.hits += sorted({(number, name) for text in set(PART.findall(body)) for number in _in(text, parts)})
    return found


def _in(text: bytes, parts: Mapping[bytes, set[tuple[bytes, int]]]) -> Iterator[int]:
    for at in range(len(text) - SHORTEST + 1):
        for part, number in parts.get(text[at : at + SHORTEST], ()):
            if text.startswith(part, at):
                yield number


def opened(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder by its path, and what is in its archives; the report has one in its page."""
    for file in sorted(filter(Path.is_file, folder.rglob("*"))):
        name, body = str(file.relative_to(folder)), file.read_bytes()
        yield name, body
        if file.suffix == ".html":
            body = b64decode(body.partition(REPORTED)[2].partition(b"<")[0])
        if body and file.suffix in (".zip", ".html"):
            with zipfile.ZipFile(BytesIO(body)) as entries:
                yield from ((f"{name}/{each}", entries.read(each)) for each in entries.namelist())
