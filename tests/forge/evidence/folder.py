"""The folder of a test: what it leaves in `--output`, without a secret and without anybody's home."""

import hashlib
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import archive
from .record import Request
from .scrub import Scrubber
from .texts import Failure, error_text, sql_text
from .timeline import server_events

LONGEST_NAME = 200
NO_LETTERS = re.compile(r"[\W_]+", re.ASCII)


def folder_of(item: pytest.Item) -> Path:
    """Where a test's evidence goes, pytest-playwright's own among it; another try of the test has its own."""
    name, tries = NO_LETTERS.sub("-", item.nodeid.lower()).strip("-"), getattr(item, "execution_count", 1)
    name += f"-retry{tries - 1}" if tries > 1 else ""
    # Signs that are no letters are lost, and may be all that two tests differ by.
    digest = hashlib.sha256(item.nodeid.encode(errors="surrogateescape")).hexdigest()[:7]
    name = f"{name[:LONGEST_NAME]}-{digest}"
    return Path(item.config.getoption("--output")).absolute() / name


@dataclass(frozen=True)
class Evidence:
    """All that is known of a test that is over."""

    folder: Path
    root: Path
    name: str
    failures: Sequence[Failure]
    requests: Sequence[Request]
    log: str
    repeat: str
    scrubber: Scrubber

    def leave(self) -> Path | None:
        """Write it all, over what Playwright has left; return the one trace, if there is any."""
        self.folder.mkdir(parents=True, exist_ok=True)
        relative, notes = archive.relative_to(self.root), list[str]()
        # A secret that one text gives away stands in others.
        for text in (self.log, *(failure.error for failure in self.failures)):
            self.scrubber.learn(text)
        trace = self._trace(relative, notes)
        self._write("server.log", relative(self.log))
        self._write("sql.txt", relative(sql_text(self.requests)))
        if self.failures:
            self._write("error.txt", relative(error_text(self.name, self.failures, self.requests, notes)))
            self._write("repeat.sh", self.repeat)
            (self.folder / "repeat.sh").chmod(0o755)
        return trace

    def _write(self, name: str, text: str) -> None:
        if text:
            (self.folder / name).write_text(self.scrubber.text(text), encoding="utf-8")

    def _trace(self, relative: Callable[[str], str], notes: list[str]) -> Path | None:
        traces = sorted(self.folder.glob("trace*.zip"))
        if not traces:
            return None
        try:
            entries = archive.merged(traces)
        except zipfile.BadZipFile as error:
            notes.append(f"A trace could not be read, and is not kept: {error}")
            entries = {}
        for name in filter(archive.is_text, entries):
            self.scrubber.learn(entries[name].decode(errors="replace"))
        rewrite: Callable[[str], str] = lambda text: self.scrubber.replace(relative(text))  # noqa: E731
        try:
            entries = self._with_server(archive.with_relative_sources(entries, relative), relative)
        except (archive.UnknownFormat, LookupError, TypeError, ValueError, AttributeError) as error:
            why = error if isinstance(error, archive.UnknownFormat) else f"an event is not as expected ({error!r})"
            notes.append(f"The trace is Playwright's own, without the server's side: {why}.")
            rewrite = self.scrubber.replace
        for trace in traces:
            trace.unlink()
        if not entries:
            return None
        archive.written(entries, self.folder / "trace.zip", rewrite)
        return self.folder / "trace.zip"

    def _with_server(self, entries: archive.Entries, relative: Callable[[str], str]) -> archive.Entries:
        failed = self.failures[0] if self.failures else None
        error, frames = (failed.message, failed.frames) if failed else ("", [])
        events = server_events(entries, self.requests, self.log, error, frames)
        sources = self._sources(events)
        for text in sources.values():
            self.scrubber.learn(text)
        return archive.with_server(entries, events, sources)

    def _sources(self, events: Sequence[archive.Event]) -> Mapping[str, str]:
        """The project's own files that these events point at."""
        files = {frame["file"] for event in events for frame in event.get("stack", ())}
        own = {file: self.root / file for file in files if not file.startswith(("/", "~"))}
        return {file: path.read_text(encoding="utf-8") for file, path in own.items() if path.is_file()}
