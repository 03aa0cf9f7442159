"""What goes on while a part is frozen, over HTTP: `python -m benchmarks.outages`, or one of its parts by name.

First the storms: 30 readers when PostgreSQL freezes, and 60 of images that no disk has yet when the store does, while
somebody asks for the front page, `/healthz` and `/readyz`. Then each part frozen under load for `--seconds`.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import requests

from benchmarks.outage_site import PARTS, OutageSite, outage_site

STORM_SECONDS = 10.0
LIMIT, ANSWER, RECOVERY = 1.0, 5.0, 2.0
PAUSE = 0.02
# What needs each part; the rest must not notice.
NEEDS = {
    "database": {"list", "write", "seen image", "new image", "begun upload", "ended upload"},
    "cache": set[str](),
    "store": {"new image", "ended upload"},
    "provider": {"login"},
}

Ask = Callable[[requests.Session], requests.Response]


class Caller:
    """Asks the same again and again: when each answer came, its status (0: none at all), and how long it took."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.answers: list[tuple[float, int, float]] = []

    def run(self, stop: Event) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not stop.wait(PAUSE):
                began = monotonic()
                try:
                    answer = self._ask(session)
                    # A 503 that does not say when to come back is none.
                    status = (
                        0 if answer.status_code == 503 and "Retry-After" not in answer.headers else answer.status_code
                    )
                except requests.RequestException:
                    status = 0
                self.answers.append((monotonic(), status, monotonic() - began))

    def since(self, at: float) -> list[tuple[float, int, float]]:
        return [answer for answer in self.answers if answer[0] - answer[2] >= at]


@contextmanager
def running(callers: list[Caller]) -> Iterator[None]:
    stop = Event()
    threads = [Thread(target=caller.run, args=(stop,)) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def getting(site: OutageSite, *paths: str, headers: dict[str, str] | None = None) -> Ask:
    turns = cycle(paths)

    def ask(session: requests.Session) -> requests.Response:
        return session.get(site.url + next(turns), headers=headers, timeout=60, allow_redirects=False)

    return ask


def posting(site: OutageSite, path: str, document: Any, headers: dict[str, str]) -> Ask:
    return lambda session: session.post(site.url + path, json=document, headers=headers, timeout=60)


def storm(site: OutageSite, part: str, readers: list[Ask], before: float) -> bool:
    """They read for `before` seconds, then the part freezes.

    Whether the front page, health and readiness stayed within the limit."""
    watched = {path: Caller(getting(site, path)) for path in ("/", "/healthz", "/readyz")}
    crowd = [Caller(reader) for reader in readers]
    wait = Event().wait
    if not before:
        site.lines[part].fault = "freeze"
    with running([*watched.values(), *crowd]):
        wait(before)
        frozen_at = monotonic()
        site.lines[part].fault = "freeze"
        wait(STORM_SECONDS)
        thawed_at = monotonic()
        site.lines[part].fault = "pass"
        wait(3)
    print(f"{len(crowd)} readers, the {part} frozen for {STORM_SECONDS:.0f} s")
    fine = True
    for path, caller in watched.items():
        answers = [answer for answer in caller.since(frozen_at) if answer[0] < thawed_at]
        statuses = {status for _, status, _ in answers}
        worst = max(seconds for _, _, seconds in answers)
        fine = fine and worst <= LIMIT and (path == "/readyz" or statuses == {200})
        print(f"  {path:10} {len(answers):>6} answers, worst {worst:>5.2f} s, statuses {sorted(statuses)}")
    worst = max(seconds for caller in crowd for _, _, seconds in caller.since(frozen_at))
    print(f"  the readers' own worst answer took {worst:.2f} s")
    return fine and worst <= ANSWER


def outage(site: OutageSite, part: str, seconds: float) -> bool:
    # More than are seen before it freezes: what nobody has seen then comes from the store alone.
    me, images = site.person(), site.images(100 if part == "store" else 20)
    # Its file never comes: each time the store is asked whether it has.
    upload = site.begin_upload(requests.Session(), me).json()["id"]
    asks = {
        "front page": getting(site, "/"),
        "health": getting(site, "/healthz"),
        "list": getting(site, "/api/blogs", headers=me),
        "write": posting(site, "/api/blogs", {"title": "T", "content": "C"}, me),
        "seen image": getting(site, site.seen_image, headers=site.owner),
        "new image": getting(site, *images, headers=site.owner),
        "begun upload": lambda session: site.begin_upload(session, me),
        "ended upload": posting(site, f"/api/attachments/{upload}/finish", {"parts": []}, me),
        "login": site.login,
    }
    callers = {name: Caller(ask) for name, ask in asks.items()}
    wait = Event().wait
    with running(list(callers.values())):
        wait(2)
        frozen_at = monotonic()
        site.lines[part].fault = "freeze"
        wait(seconds)
        thawed_at = monotonic()
        site.lines[part].fault = "pass"
        wait(8)
    print(f"the {part} frozen for {seconds:.0f} s")
    fine = True
    for name, caller in callers.items():
        answers = caller.since(frozen_at)
        failed = [answer for answer in answers if answer[1] == 0 or answer[1] >= 500]
        worst = max(took for _, _, took in answers)
        if name in NEEDS[part]:
            back = max((at for at, _, _ in failed), default=thawed_at) - thawed_at
            others = {status for _, status, _ in failed} - {503}
            fine = fine and worst <= ANSWER and back <= RECOVERY and not others
            told = f"{len(failed)} x 503, back after {max(back, 0):.2f} s" + (f", AND {others}" if others else "")
        else:
            fine = fine and not failed
            told = f"{len(failed)} errors"
        print(f"  {name:11} {len(answers):>6} answers, worst {worst:>5.2f} s, {told}")
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outages", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"storms, {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parts = given.parts or ["storms", *PARTS]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = stack.enter_context(outage_site(folder))
        results = []
        if "storms" in parts:
            readers = [getting(site, "/api/blogs", headers=site.owner)] * 30
            results.append(storm(site, "database", readers, before=2))
            images = site.images(60)
            readers = [getting(site, image, headers=site.owner) for image in images]
            results.append(storm(site, "store", readers, before=0))
        results += [outage(site, part, given.seconds) for part in PARTS if part in parts]
    print("within the limits" if all(results) else "OVER a limit")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
