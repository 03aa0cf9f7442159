"""What a silent provider, slow uploads and somebody's flood of pictures cost everybody else, over HTTP.

python -m benchmarks.isolation [provider] [uploads] [pictures]
"""

import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.e2e.attacks import (
    Bystander,
    bystanders,
    finished,
    flood,
    log_in_at_once,
    silent_provider,
    slow_uploads,
    uploaded,
)
from tests.e2e.site import Site, site
from tests.factories.picture import a_picture, black_png

LIMIT = 2.0
UPLOAD_SECONDS = 15
PICTURES = 40
FLOOD_AT_ONCE = 16


def provider(blog: Site) -> bool:
    began = time.monotonic()
    with bystanders(blog) as watched:
        answers = log_in_at_once(blog)
    statuses = Counter(answer.status_code for answer in answers)
    slow = sum(answer.elapsed.total_seconds() > 1 for answer in answers)
    print(
        f"provider: {len(answers)} logins in {time.monotonic() - began:.1f} s: {dict(statuses)}, {slow} after over 1 s"
    )
    return harmless(watched)


def uploads(blog: Site) -> bool:
    with slow_uploads(blog) as slow:
        # From when the blog has them all.
        time.sleep(1)
        with bystanders(blog) as watched:
            time.sleep(UPLOAD_SECONDS)
        answers = Counter(answer.status if (answer := each.answer()) else "none" for each in slow)
    print(f"uploads: {len(slow)} signed PUTs, a byte a second each, for {UPLOAD_SECONDS} s: {dict(answers)}")
    return harmless(watched)


def pictures(blog: Site) -> bool:
    person = blog.person()
    waiting = [uploaded(blog, person, a_picture(64 + number, 48)) for number in range(PICTURES)]
    with flood(blog, black_png(8_000, 5_000, bits=8), FLOOD_AT_ONCE):
        time.sleep(2)
        began = time.monotonic()
        with bystanders(blog) as watched:
            statuses = Counter(finished(blog, person, each) for each in waiting)
        seconds = time.monotonic() - began
    print(f"pictures: {statuses[200]} of {PICTURES} finished in {seconds:.1f} s, {dict(statuses)}")
    return harmless(watched) and statuses[200] == PICTURES


def harmless(watched: dict[str, Bystander]) -> bool:
    for name, each in watched.items():
        print(
            f"  {name:10} {len(each.seconds):>5,} answers {sorted(each.statuses)}, the slowest after {each.worst:.2f} s"
        )
    return all(each.worst < LIMIT for each in watched.values())


ATTACKS: dict[str, Callable[[Site], bool]] = {"provider": provider, "uploads": uploads, "pictures": pictures}


def main(*names: str) -> int:
    logging.disable(logging.INFO)
    outcomes = []
    for name in names or ATTACKS:
        with (
            silent_provider() as issuer,
            tempfile.TemporaryDirectory() as folder,
            site(Path(folder), oidc_issuer=issuer) as blog,
        ):
            outcomes.append(ATTACKS[name](blog))
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
