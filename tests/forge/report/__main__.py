"""Open the last report, merge those of shards, note what a run tells of its tests, or look for secrets in it."""

import argparse
import contextlib
import json
import shutil
import sys
import webbrowser
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

from . import folder, results, verdict
from .merge import merged
from .search import searched

RESULTS = Path("test-results")


class Parser(argparse.ArgumentParser):
    """Refuses what it does not know in one line."""

    def error(self, message: str) -> NoReturn:
        sys.exit(f"report: {message}; --help says what it takes")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""

    def handle(self) -> None:
        # A reader who goes on to another page hangs up.
        with contextlib.suppress(ConnectionError):
            super().handle()


def main() -> int:
    parser = Parser(prog="report", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command")
    opening = commands.add_parser("open", help="serve a report on this machine, which its traces need, and open it")
    opening.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    merging = commands.add_parser("merge", help="join the results of shards into one report and one verdict")
    merging.add_argument("folders", nargs="+", type=Path)
    merging.add_argument("--into", type=Path, default=RESULTS)
    noting = commands.add_parser("durations", help="write how long each file of tests took, for --shard")
    noting.add_argument("file", type=Path)
    noting.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    reached = commands.add_parser("visits", help="write which views each file of tests reached, for --changed")
    reached.add_argument("file", type=Path)
    reached.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    hidden = commands.add_parser("secrets", help="look for those of a file, one a line, in all that a run has left")
    hidden.add_argument("file", type=Path)
    hidden.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    asked = parser.parse_args(sys.argv[1:] or ["open"])
    try:
        if asked.command == "merge":
            return merge(asked.folders, asked.into)
        if asked.command == "durations":
            return note(asked.file, results.durations(results.read(asked.folder)))
        if asked.command == "visits":
            return note(asked.file, results.visits(results.read(asked.folder)))
        if asked.command == "secrets":
            return look_for(asked.file, asked.folder)
        return serve(asked.folder / folder.REPORT)
    except FileNotFoundError as error:
        sys.exit(f"There is no report of a run in {Path(error.filename).parent}; run browser tests first.")


def serve(report: Path) -> int:
    (report / "index.html").stat()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=report)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"The report is at {address}. Stop with Ctrl-C.", flush=True)
        webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0


def merge(folders: list[Path], into: Path) -> int:
    if into.resolve() in {each.resolve() for each in folders}:
        sys.exit(f"{into} is one of those to be merged, and would be written over: --into names another folder.")
    runs = {each: results.read(each) for each in folders}
    inside = any(each.resolve().is_relative_to(into.resolve()) for each in folders)
    if (into / results.RESULTS).exists() and not inside:
        shutil.rmtree(into)
    run, complaints = merged(runs, into)
    for line in [*complaints, *verdict.lines(run), *folder.write(run, into)]:
        print(line)
    outcomes = list(run.outcomes().values())
    counts = (
        f"{outcomes.count('expected')} passed, {len(verdict.failed(run))} failed, {outcomes.count('skipped')} skipped"
    )
    print(counts)
    return run.exit or 0


def note(file: Path, found: Mapping[str, Any]) -> int:
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def look_for(noted: Path, left: Path) -> int:
    if not noted.exists():
        sys.exit(f"There is no {noted}; a run with --note-secrets={noted} writes it.")
    found = searched(noted, left)
    for line, name in found.hits:
        print(f"The secret in line {line} of {noted} is in {left / name}.")
    size = f"{found.files:,} files with those in archives, {found.bytes / 1e6:,.1f} MB"
    print(f"Looked for {found.secrets:,} secrets in {size}: {len(found.hits):,} found.")
    # Where there is nothing to look for, or nowhere, nothing was shown.
    return 1 if found.hits or not (found.secrets and found.files) else 0


if __name__ == "__main__":
    sys.exit(main())
