"""The measurements: by rounds of load, by starting anew, by a look at memory, and with more and more rows."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path

from dev.bench.asked import Asked
from dev.bench.figures import Sample, Spread, spread
from dev.bench.load import ANY_LENGTH, LOST_SECONDS, Request, ask, ask_on, load
from dev.bench.progress import Progress
from dev.bench.rows import LIST, PROGRAMS, Line
from dev.bench.servers import HOST
from dev.bench.site import Site
from dev.bench.usage import worker_megabytes


@dataclass(frozen=True)
class Effort:
    """How much is measured: `seconds` is that of one line in one round."""

    rounds: int
    seconds: int
    starts: int
    blogs: tuple[int, ...]
    people: tuple[int, ...]


WHOLE = Effort(rounds=5, seconds=3, starts=7, blogs=(20, 1_000, 10_000, 100_000), people=(1, 1_000, 10_000, 30_000))
QUICK = Effort(rounds=2, seconds=1, starts=2, blogs=(20, 1_000), people=(1, 1_000))

GROWING = {"the list as JSON": LIST, "the list as a page": "/blogs", "one blog": "/api/blogs/{blog}"}
GROWING_ON = ("inkwell", "inkwell-postgres")
BLOGS_EACH = 3
# Slower than any blog here, so that everybody's list is in the cache after it.
VISITS_PER_SECOND = 300


@dataclass(frozen=True)
class Start:
    program: str
    seconds: Spread
    cpu_seconds: Spread


@dataclass
class Grown:
    """One request of somebody with so many blogs, by one client that waits for each answer."""

    server: str
    what: str
    blogs: int
    request: Request
    milliseconds: list[float] = field(default_factory=list)
    kilobytes: float = 0
    wrong: int = 0


@dataclass(frozen=True)
class Crowd:
    """So many people, who ask for their lists in turn."""

    people: int
    sample: Sample
    megabytes: float


def loaded(asked: Sequence[Asked], effort: Effort, core: int, progress: Progress) -> dict[Line, list[Sample]]:
    """The samples of each line, a round after the other, so that what disturbs the machine disturbs all alike."""
    for each in asked:
        progress.show(f"warming up, {each.line.title}")
        under_load(each, 1, core)
    samples: dict[Line, list[Sample]] = {each.line: [] for each in asked}
    for number in range(effort.rounds):
        for each in asked:
            progress.show(f"round {number + 1} of {effort.rounds}, {each.line.row}: {each.line.title}")
            samples[each.line].append(under_load(each, effort.seconds, core))
    return samples


def under_load(each: Asked, seconds: int, core: int) -> Sample:
    sample = load(each.server, each.request, seconds, core, each.status, each.length)
    after = ask(each.server, each.request)
    changed = after.status != each.status or each.length not in (ANY_LENGTH, len(after.body))
    return replace(sample, wrong=sample.wrong + changed)


def starts(site: Site, effort: Effort, progress: Progress) -> list[Start]:
    found: dict[str, list[tuple[float, float]]] = {program: [] for program in PROGRAMS}
    for number in range(effort.starts):
        for program, times in found.items():
            progress.show(f"start {number + 1} of {effort.starts}: {program}")
            with site.another(program) as server:
                times.append((server.start_seconds, server.start_cpu_seconds))
    return [Start(program, *map(spread, zip(*times, strict=True))) for program, times in found.items()]


def memory(site: Site, effort: Effort, core: int, progress: Progress) -> dict[str, float]:
    """By program, the megabytes of a worker that has served its list, and nothing else, for a while."""
    found = {}
    for program in PROGRAMS:
        progress.show(f"memory: {program}")
        asked = site.first_asked(program)
        with site.another(program) as server:
            under_load(replace(asked, server=server), effort.seconds, core)
            found[program] = worker_megabytes(server.pid)
    return found


def grown(site: Site, effort: Effort, progress: Progress) -> list[Grown]:
    found = [each for name in GROWING_ON for blogs in effort.blogs for each in growing(site, name, blogs, progress)]
    for number in range(effort.rounds):
        for each in found:
            progress.show(f"growing, round {number + 1} of {effort.rounds}: {each.blogs:,} blogs, {each.what}")
            one_after_the_other(site.server(each.server).port, each)
    return found


def growing(site: Site, name: str, blogs: int, progress: Progress) -> list[Grown]:
    progress.show(f"writing {blogs:,} blogs: {name}")
    blog = site.blog(name)
    person = blog.person(blogs)
    headers, newest = blog.headers(person), blog.newest_of(person)
    requests = {what: Request(path.format(blog=newest), headers) for what, path in GROWING.items()}
    return [Grown(name, what, blogs, request) for what, request in requests.items()]


def one_after_the_other(port: int, each: Grown) -> None:
    """Ask for a second, but at least once; the first answer is not timed, since it may fill the cache."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=LOST_SECONDS)) as connection:
        first = ask_on(connection, each.request)
        each.kilobytes = len(first.body) / 1000
        until = time.monotonic() + 1
        while True:
            began = time.perf_counter()
            reply = ask_on(connection, each.request)
            each.milliseconds.append((time.perf_counter() - began) * 1000)
            each.wrong += (reply.status, len(reply.body)) != (200, len(first.body))
            if time.monotonic() > until:
                break


def crowds(site: Site, effort: Effort, core: int, folder: Path, progress: Progress) -> list[Crowd]:
    """Of a worker that serves nobody else."""
    blog, cookies, found = site.blog("inkwell"), folder / "cookies", []
    there = 0
    with site.another("inkwell") as server, cookies.open("w") as file:
        for people in effort.people:
            progress.show(f"{people:,} people")
            for user in blog.people(people - there, BLOGS_EACH):
                print(blog.headers(user)["Cookie"], file=file)
            file.flush()
            there = people
            for seconds in (1 + people // VISITS_PER_SECOND, effort.seconds):
                sample = load(server, Request(LIST, {"Host": HOST}), seconds, core, 200, ANY_LENGTH, cookies)
            found.append(Crowd(people, sample, worker_megabytes(server.pid)))
    return found
