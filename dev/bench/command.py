"""`bin/bench`: how fast the blog is beside others, and what it costs as it grows."""

import argparse
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dev.arguments import Parser, asks_for_help
from dev.bench.packages import BENCH, prepare_peers
from dev.bench.rows import ROWS, Line, lines_of
from dev.bootstrap import DEV_LOCK, continue_in_environment, prepare
from dev.steps import ROOT, SetupError, say
from dev.tools import redis_server

if TYPE_CHECKING:
    from dev.bench.asked import Asked
    from dev.bench.document import Results
    from dev.bench.measures import Effort
    from dev.bench.progress import Progress
    from dev.bench.site import Site

HELP = f"""\
bin/bench [ROW …] [--quick]   measures the blog beside Flask, Django, FastAPI and Express, and prepares them first
  ROW        only that; without any, all of them:
             {", ".join(ROWS)}
  --quick    a short run, to see that it works
A whole run takes a quarter of an hour, on a machine that does nothing else, and writes docs/performance.md with its
pictures. A quick run, or one of some rows, writes the same to .bench. It ends with 1 where an answer was wrong.
It needs Linux and two cores: one for the server, one for who asks. Peers and wrk are installed for it alone."""
PAGE = "performance.md"


def bench(arguments: list[str]) -> int:
    if asks_for_help(arguments):
        print(HELP)
        return 0
    options = parsed(arguments)
    prepare(DEV_LOCK)
    continue_in_environment()
    prepare_peers()
    redis = redis_server()
    if not redis:
        raise SetupError("bin/bench: there is no redis-server, and none can be installed here.")
    os.environ["FORGE_REDIS_SERVER"] = redis

    from dev.bench.measures import QUICK, WHOLE

    results = measured(set(options.rows or ROWS), QUICK if options.quick else WHOLE)
    whole = not (options.quick or options.rows)
    print(f"\n{written(results, ROOT / 'docs' if whole else BENCH)}")
    return 1 if results.wrong else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/bench", HELP)
    parser.add_argument("rows", metavar="ROW", nargs="*", type=row)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_intermixed_args(arguments)


def row(name: str) -> str:
    if name not in ROWS:
        raise argparse.ArgumentTypeError(f"{name!r} is not a row")
    return name


def measured(rows: set[str], effort: "Effort") -> "Results":
    # Only now are the packages there.
    from dev.bench import measures
    from dev.bench.document import Results
    from dev.bench.machine import machine
    from dev.bench.progress import Progress
    from dev.bench.site import Site

    logging.disable()
    server_core, *others = sorted(os.sched_getaffinity(0))
    # Redis, PostgreSQL and this process keep off the server's core; what is started from here inherits it.
    os.sched_setaffinity(0, others)
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="inkwell-bench-") as name, Site(Path(name), server_core) as site:
        asked, words = prepared(site, rows, progress)
        results = Results(effort, machine(), measures.loaded(asked, effort, others[0], progress), words)
        if "start" in rows:
            results.starts = measures.starts(site, effort, progress)
        if "memory" in rows:
            results.memory = measures.memory(site, effort, others[0], progress)
        if "blogs" in rows:
            results.grown = measures.grown(site, effort, progress)
        if "people" in rows:
            results.crowds = measures.crowds(site, effort, others[0], Path(name), progress)
        progress.end()
    return results


def prepared(site: "Site", rows: set[str], progress: "Progress") -> tuple[list["Asked"], dict[Line, str]]:
    """The lines that can be measured, and a word for each of the others."""
    from dev.bench.asked import NotThere, WrongAnswer

    asked, words = [], {}
    for line in lines_of(rows):
        progress.show(f"starting, {line.server}")
        try:
            asked.append(site.asked(line))
        except NotThere as error:
            words[line] = str(error)
        except WrongAnswer as error:
            raise SetupError(f"bin/bench: {error}") from None
    return asked, words


def written(results: "Results", folder: Path) -> str:
    """The page, which is kept in that folder with its pictures."""
    from dev.bench.document import PICTURES, document, pictures

    page = document(results)
    (folder / PICTURES).mkdir(exist_ok=True)
    (folder / PAGE).write_text(page)
    for name, picture in pictures(results).items():
        (folder / PICTURES / name).write_text(picture)
    say(f"Written: {(folder / PAGE).relative_to(ROOT)}\n")
    return page
