"""A test's traces as one: every person's actions on one timeline, the server's side among them, and no secret."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sysconfig import get_path
from typing import Any

# Of the format that is written here, which is Playwright's own and no promise of its.
VERSION = 10
PIXELS = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".webm")
SERVER = "test.trace"

Event = dict[str, Any]
Entries = dict[str, bytes]


class UnknownFormat(Exception):
    """The traces are not what this knows: they stay as Playwright wrote them, but for their secrets."""


def merged(traces: Sequence[Path]) -> Entries:
    """What is in these archives, each with its own names for its events, and what they share once."""
    entries: Entries = {}
    for number, trace in enumerate(traces, 1):
        with zipfile.ZipFile(trace) as archive:
            for name in archive.namelist():
                own = f"{number}-{name}" if len(traces) > 1 and name.startswith("trace.") else name
                entries[own] = archive.read(name)
    return entries


def events_of(entries: Entries, ending: str) -> list[tuple[str, list[Event]]]:
    """The events of each file of that kind, by the part of its name before it. Raises UnknownFormat."""
    try:
        return [
            (name.removesuffix(ending), [json.loads(line) for line in data.splitlines() if line])
            for name, data in sorted(entries.items())
            if name.endswith(ending) and "/" not in name
        ]
    except ValueError as error:
        raise UnknownFormat(f"a trace's {ending} is not in lines of JSON: {error}") from None


def first_context(entries: Entries) -> Event:
    """What the first trace says of itself. Raises UnknownFormat when it is another version's."""
    for _, events in events_of(entries, ".trace"):
        context = events[0] if events else {}
        found, times = context.get("version"), (context.get("wallTime"), context.get("monotonicTime"))
        if found != VERSION:
            raise UnknownFormat(f"the traces are of version {found}, and {VERSION} is known")
        if not all(isinstance(each, int | float) for each in times):
            raise UnknownFormat("a trace does not say when it began")
        return context
    raise UnknownFormat("there is no trace in the archive")


def with_relative_sources(entries: Entries, relative: Callable[[str], str]) -> Entries:
    """The same, where no file's name says in whose home it was; a source is found by its name's hash."""
    renamed: dict[str, str] = {}
    for name, data in entries.items():
        if name.endswith(".stacks"):
            try:
                files = json.loads(data)["files"]
            except (ValueError, KeyError, TypeError):
                raise UnknownFormat("a trace's stacks name no files") from None
            renamed |= {source_name(file): source_name(relative(file)) for file in files}
    return {renamed.get(name, name): data for name, data in entries.items()}


def source_name(file: str) -> str:
    return f"src/{hashlib.sha1(file.encode(), usedforsecurity=False).hexdigest()}{Path(file).suffix}"


def with_server(entries: Entries, events: Sequence[Event], sources: Mapping[str, str]) -> Entries:
    """The same with a trace of the server's events, and the sources that they point at."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    return {**entries, SERVER: lines.encode(), **{source_name(name): text.encode() for name, text in sources.items()}}


def is_text(name: str) -> bool:
    return not name.endswith(PIXELS)


def written(entries: Entries, file: Path, rewrite: Callable[[str], str]) -> None:
    """Write the archive, its texts rewritten, whole or not at all."""
    new = file.with_suffix(".new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, as_text(data, rewrite) if is_text(name) else data)
    new.replace(file)


def as_text(data: bytes, rewrite: Callable[[str], str]) -> bytes:
    """Bytes of any encoding, rewritten as a text."""
    return rewrite(data.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def relative_to(root: Path) -> Callable[[str], str]:
    """Rewrites the absolute paths in a text: the project's own as seen from its root, others without the home."""
    shorter = {f"{get_path('purelib')}/": "", f"{root}/": "", f"{Path.home()}/": "~/"}
    # Where a path begins: `/app/` stands in `http://host/app/` too.
    begins = {re.compile(rf"(?<![\w.~/-]){re.escape(prefix)}"): short for prefix, short in shorter.items()}

    def rewrite(text: str) -> str:
        for prefix, short in begins.items():
            text = prefix.sub(short, text)
        return text

    return rewrite
