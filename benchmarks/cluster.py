"""What clients notice of workers that are killed, told to stop, replaced and hung: `python -m benchmarks.cluster`.

One part alone: `python -m benchmarks.cluster kills --times 10`. A client asks again once where `kills` and `hangs` cost
it its request, and never in the other parts.
"""

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any

from app.status import servers
from tests.e2e.site import Site, site

CLIENTS = 4
# Between two requests of a client: workers that begin need the processors too.
PAUSE_SECONDS = 0.01
BLOGS = 5
PATIENCE_SECONDS = 300
RELOAD_LIMIT = STOP_LIMIT = 2.0
TIMES = {"kills": 40, "terminations": 12, "reloads": 5, "broken reloads": 3, "hangs": 2}
MAY_ASK_AGAIN = ("kills", "hangs")
CODE = "breakable.py"


@dataclass
class Load:
    """Clients that ask all the time, over connections that are kept alive."""

    site: Site
    retries: int
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def client(self, headers: dict[str, str], stop: Event) -> None:
        number, connection = 0, self._connection()
        while not stop.wait(PAUSE_SECONDS):
            number += 1
            began = monotonic()
            try:
                self._ask(connection, headers, number)
                problem = ""
            except (OSError, HTTPException, RuntimeError) as error:
                problem = repr(error)
            with self._lock:
                self.asked += 1
                self.slowest = max(self.slowest, monotonic() - began)
                self.failed += [problem] if problem else []
        connection.close()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection(self.site.host, self.site.port, timeout=30)

    def _ask(self, connection: HTTPConnection, headers: dict[str, str], number: int) -> None:
        for turn in range(1 + self.retries):
            try:
                self._ask_once(connection, headers, number)
            except (OSError, HTTPException):
                connection.close()
                if turn == self.retries:
                    raise
            else:
                return

    def _ask_once(self, connection: HTTPConnection, headers: dict[str, str], number: int) -> None:
        blogs = self._answer(connection, "GET", "/api/blogs", headers)
        if number % 5 == 0:
            told = {**headers, "Content-Type": "application/json"}
            self._answer(connection, "PATCH", f"/api/blogs/{blogs[0]['id']}", told, {"title": f"Blog {number}"})

    def _answer(
        self, connection: HTTPConnection, method: str, path: str, headers: dict[str, str], body: Any = None
    ) -> Any:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}")
        return json.loads(content)


class Cluster:
    """The arbiter and its workers."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self._metrics, self.code = site, folder / "metrics", folder / CODE

    def told(self) -> dict[str, Any]:
        until(lambda: bool(servers(self._metrics)))
        return servers(self._metrics)[0]

    def ready(self) -> list[int]:
        return [worker["pid"] for worker in self.told()["workers"] if worker["state"] == "ready"]

    def settled(self) -> list[int]:
        """Its workers, once as many are ready as there should be, and none is on its way in or out."""

        def settled() -> bool:
            told, ready = self.told(), self.ready()
            # What the arbiter tells may be half a second old.
            return told["wanted"] == len(told["workers"]) == len(ready) and not any(map(ended, ready))

        until(settled)
        return self.ready()

    def send(self, number: signal.Signals) -> None:
        os.kill(int(self.told()["pid"]), number)


def until(holds: Callable[[], bool], every: float = 0.1) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError("What was waited for did not come")
        sleep(every)


def ended(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


@contextmanager
def loaded(site: Site, retries: int) -> Iterator[Load]:
    load, stop = Load(site, retries), Event()
    people = [site.person(BLOGS) for _ in range(CLIENTS)]
    clients = [Thread(target=load.client, args=(person, stop)) for person in people]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        stop.set()
        for client in clients:
            client.join()


def replaced(cluster: Cluster, number: signal.Signals) -> float:
    """End a worker by that signal while another is ready; the seconds until its process is gone."""
    [worker, *_] = cluster.settled()
    began = monotonic()
    os.kill(worker, number)
    until(lambda: ended(worker), every=0.01)
    seconds = monotonic() - began
    cluster.settled()
    return seconds


def reloaded(cluster: Cluster) -> float:
    before = set(cluster.settled())
    began = monotonic()
    cluster.send(signal.SIGHUP)
    until(lambda: not before & set(cluster.ready()) and bool(cluster.settled()))
    return monotonic() - began


def refused(cluster: Cluster) -> float:
    before, good = cluster.settled(), cluster.code.read_text()
    said = cluster.site.log.read_text().count("Reload refused")
    began = monotonic()
    cluster.code.write_text("import nowhere\n")
    cluster.send(signal.SIGHUP)
    until(lambda: cluster.site.log.read_text().count("Reload refused") > said)
    seconds = monotonic() - began
    cluster.code.write_text(good)
    if cluster.settled() != before:
        raise RuntimeError("A reload that was refused has replaced workers")
    return seconds


PARTS: dict[str, Callable[[Cluster], float]] = {
    "kills": lambda cluster: replaced(cluster, signal.SIGKILL),
    "terminations": lambda cluster: replaced(cluster, signal.SIGTERM),
    "reloads": reloaded,
    "broken reloads": refused,
    "hangs": lambda cluster: replaced(cluster, signal.SIGSTOP),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--times", type=int, help="how often, for each part")
    wanted = parser.parse_args()
    logging.disable(logging.INFO)
    kept = True
    print(f"{'':16} {'times':>6} {'requests':>9} {'failed':>7} {'slowest':>9} {'took, median':>13} {'worst':>8}")
    for part in wanted.part or PARTS:
        with tempfile.TemporaryDirectory() as name:
            sys.path.insert(0, name)
            (Path(name) / CODE).write_text("from wsgi import app as app\n")
            with site(Path(name), "breakable:app") as blog:
                kept &= measured(part, Cluster(blog, Path(name)), wanted.times or TIMES[part])
            sys.path.remove(name)
    return 0 if kept else 1


def measured(part: str, cluster: Cluster, times: int) -> bool:
    cluster.settled()
    with loaded(cluster.site, int(part in MAY_ASK_AGAIN)) as load:
        until(lambda: load.asked > 100)
        load.slowest = 0
        took = [PARTS[part](cluster) for _ in range(times)]
    print(
        f"{part:16} {times:>6} {load.asked:>9,} {len(load.failed):>7} {load.slowest:>7.2f} s"
        f" {median(took):>11.2f} s {max(took):>6.2f} s",
        flush=True,
    )
    for problem in sorted(set(load.failed))[:5]:
        print(f"    {problem}")
    slow = part == "reloads" and load.slowest > RELOAD_LIMIT
    late = part == "terminations" and median(took) > STOP_LIMIT
    return not load.failed and not slow and not late


if __name__ == "__main__":
    sys.exit(main())
