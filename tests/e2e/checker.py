"""Readers that notice every answer older than what was confirmed to a writer before they asked.

Each writer keeps one blog for each person, whose title bears a number: it changes the blog, or replaces it by another,
and each time the number is one more. Before it asks, it notes the number as attempted; after the last answer that its
step needs, as confirmed. A reader looks up what is confirmed, then asks, then looks up what is attempted: it must find
a blog, and no number below the former or above the latter. Nothing here depends on clocks or on who is faster.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import wait
from time import monotonic
from typing import Any, NamedTuple

TICK = 0.1
EXAMPLES = 3
LOST = 30

# A process of its own for each reader and writer: threads of one Python would hardly overlap.
_processes = get_context("spawn")


class Plan(NamedTuple):
    host: str
    port: int
    people: list[dict[str, str]]
    readers: int = 4
    writers: int = 2
    pause: float = 0.01


@dataclass
class Tally:
    reads: int = 0
    hits: int = 0
    writes: int = 0
    stale: int = 0
    errors: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)


COUNTS = ("reads", "hits", "writes", "stale", "errors")


class Shared:
    """What all the processes see: the numbers of each writer's blog for each person, and everybody's counts."""

    def __init__(self, plan: Plan) -> None:
        self._people = len(plan.people)
        self._confirmed = _processes.RawArray("q", plan.writers * self._people)
        self._attempted = _processes.RawArray("q", plan.writers * self._people)
        self._counts = _processes.RawArray("q", (plan.readers + plan.writers) * len(COUNTS))
        self.start = _processes.Barrier(plan.readers + plan.writers + 1)
        # Not an Event: its lock is never given back by a process that is killed.
        self._stopped = _processes.RawValue("b", 0)
        self.examples: Any = _processes.SimpleQueue()

    @property
    def stopped(self) -> bool:
        return bool(self._stopped.value)

    def stop(self) -> None:
        self._stopped.value = 1

    def confirmed(self, writer: int, person: int) -> int:
        return int(self._confirmed[writer * self._people + person])

    def attempted(self, writer: int, person: int) -> int:
        return int(self._attempted[writer * self._people + person])

    def attempt(self, writer: int, person: int) -> int:
        """The number after the last one."""
        self._attempted[writer * self._people + person] += 1
        return self.attempted(writer, person)

    def confirm(self, writer: int, person: int, number: int) -> None:
        self._confirmed[writer * self._people + person] = number

    def count(self, process: int, name: str, example: str = "") -> None:
        place = process * len(COUNTS) + COUNTS.index(name)
        self._counts[place] += 1
        if example and self._counts[place] <= EXAMPLES:
            self.examples.put(f"{name}: {example}")

    def tally(self, seconds: float) -> Tally:
        sums = {name: sum(self._counts[place :: len(COUNTS)]) for place, name in enumerate(COUNTS)}
        return Tally(**sums, seconds=seconds)


class Answer(NamedTuple):
    status: int
    cache: str | None
    document: Any


class Client:
    """One connection that is kept alive."""

    def __init__(self, plan: Plan) -> None:
        self._connection = HTTPConnection(plan.host, plan.port, timeout=LOST)
        self._people = plan.people

    def __call__(self, person: int, method: str, path: str = "", body: dict[str, str] | None = None) -> Answer:
        headers = {**self._people[person], "Content-Type": "application/json"}
        self._connection.request(method, f"/api/blogs{path}", json.dumps(body) if body else None, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return Answer(answer.status, answer.headers["X-Cache"], json.loads(content) if content else None)

    def close(self) -> None:
        self._connection.close()


class Reader:
    def __init__(self, process: int, plan: Plan, shared: Shared) -> None:
        self._process, self._shared, self._writers = process, shared, range(plan.writers)
        self._ask = Client(plan)
        self._people = len(plan.people)
        self._random = random.Random(process)  # noqa: S311  nobody has to be kept from guessing

    def step(self) -> None:
        person = self._random.randrange(self._people)
        blogs = self.read_list(person)
        if blogs and self._random.random() < 0.25:
            self.read_blog(person, self._random.choice(blogs))

    def read_list(self, person: int) -> Any:
        floors = [self._shared.confirmed(writer, person) for writer in self._writers]
        answer = self._ask(person, "GET")
        ceilings = [self._shared.attempted(writer, person) for writer in self._writers]
        if not self._counted(answer, 200):
            return None
        found: dict[int, list[int]] = {writer: [] for writer in self._writers}
        for blog in answer.document:
            writer, number = map(int, blog["title"].split())
            found[writer].append(number)
        numbers = [found[writer] or [0] for writer in self._writers]
        self._check(f"the list of person {person}", numbers, floors, ceilings)
        return answer.document

    def read_blog(self, person: int, blog: Any) -> None:
        writer, known = map(int, blog["title"].split())
        floor = self._shared.confirmed(writer, person)
        answer = self._ask(person, "GET", f"/{blog['id']}")
        ceiling = self._shared.attempted(writer, person)
        if not self._counted(answer, 200, 404):
            return
        # A blog goes when the next one has come.
        number = ceiling if answer.status == 404 else int(answer.document["title"].split()[1])
        least = known + 1 if answer.status == 404 else max(floor, known)
        self._check(f"blog {blog['id']} of person {person}", [[number]], [least], [ceiling])

    def _counted(self, answer: Answer, *statuses: int) -> bool:
        self._shared.count(self._process, "reads")
        if answer.cache == "hit":
            self._shared.count(self._process, "hits")
        if answer.status in statuses:
            return True
        self._shared.count(self._process, "errors", f"{answer}")
        return False

    def _check(self, what: str, numbers: list[list[int]], floors: list[int], ceilings: list[int]) -> None:
        each = zip(numbers, floors, ceilings, strict=True)
        if not all(floor <= min(found) and max(found) <= ceiling for found, floor, ceiling in each):
            self._shared.count(self._process, "stale", f"{what} has {numbers}, not {floors} to {ceilings}")


class Writer:
    def __init__(self, writer: int, process: int, plan: Plan, shared: Shared) -> None:
        self._writer, self._process, self._shared, self._pause = writer, process, shared, plan.pause
        self._ask = Client(plan)
        self._blogs: dict[int, int] = {}
        self._people = cycle(range(len(plan.people)))

    def step(self) -> None:
        person = next(self._people)
        number = self._shared.attempt(self._writer, person)
        title = f"{self._writer} {number}"
        if person in self._blogs and number % 3:
            self._write(person, 200, "PATCH", f"/{self._blogs[person]}", {"title": title})
        else:
            old = self._blogs.get(person)
            self._blogs[person] = self._write(person, 201, "POST", "", {"title": title, "content": "Short."})["id"]
            if old is not None:
                self._write(person, 204, "DELETE", f"/{old}")
        self._shared.confirm(self._writer, person, number)
        time.sleep(self._pause)

    def _write(self, person: int, status: int, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        answer = self._ask(person, method, path, body)
        if answer.status != status:
            # What it has written is not known any more: this writer cannot go on.
            raise RuntimeError(f"{method} was answered with {answer}")
        self._shared.count(self._process, "writes")
        return answer.document


def race(
    plan: Plan,
    *,
    reads: int,
    seconds: float,
    disturb: Iterable[Callable[[], object]] = (),
    every: float = 2.0,
    show: Callable[[Tally], object] = lambda tally: None,
) -> Tally:
    """Go on until there were so many reads, or for so long; meanwhile do the next of `disturb`, every so often."""
    shared = Shared(plan)
    processes = [
        _processes.Process(target=_run, args=(process, plan, shared), daemon=True)
        for process in range(plan.readers + plan.writers)
    ]
    for process in processes:
        process.start()
    shared.start.wait(LOST)
    tally = _watch(shared, processes, reads, seconds, _timed(disturb, every), show)
    shared.stop()
    for process in processes:
        process.join(LOST)
        tally.errors += process.exitcode != 0
        process.kill()
    final = shared.tally(tally.seconds)
    final.errors += tally.errors
    while not shared.examples.empty():
        final.examples.append(shared.examples.get())
    return final


def _watch(
    shared: Shared,
    processes: list[Any],
    reads: int,
    seconds: float,
    disturbances: Iterator[None],
    show: Callable[[Tally], object],
) -> Tally:
    started = monotonic()
    while True:
        tally = shared.tally(monotonic() - started)
        ended = wait([process.sentinel for process in processes], TICK)
        if tally.reads >= reads or tally.seconds >= seconds or tally.errors or ended:
            return Tally(seconds=tally.seconds)
        next(disturbances, None)
        show(tally)


def _timed(disturb: Iterable[Callable[[], object]], every: float) -> Iterator[None]:
    due = monotonic() + every
    for disturbance in disturb:
        while monotonic() < due:
            yield
        due += every
        disturbance()


def _run(process: int, plan: Plan, shared: Shared) -> None:
    writer = process - plan.readers
    one = Reader(process, plan, shared) if writer < 0 else Writer(writer, process, plan, shared)
    shared.start.wait(LOST)
    while not shared.stopped:
        try:
            one.step()
        except Exception as error:  # noqa: BLE001
            # Whatever it is, it is a finding.
            shared.count(process, "errors", repr(error))
            return
