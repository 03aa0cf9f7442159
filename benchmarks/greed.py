"""What one person can do to another, or to the disk, by asking for much: `python -m benchmarks.greed`.

The attack has three parts: a hundred blogs of 400 kB are shared with a victim, eight threads list them, and 500 files
of 5 GB are declared. With `--unlimited` it meets a blog whose limits are raised out of reach.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from benchmarks.bombs import memory_below
from tests.limits import RAISED

BLOGS, LISTERS, LISTS = 100, 8, 2000
# 100,000 letters of four bytes each.
TEXT = "\N{GRINNING FACE}" * 100_000
DECLARATIONS, SIZE, DIGEST = 500, 5 * 1024**3, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
MOST_SECONDS, MOST_BYTES, MOST_ACCEPTED = 0.5, 200 * 1024**2, 1


def main() -> int:
    from tests.e2e.site import site

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.greed",
        description="Ends with 1 when the victim waits, a worker swells, or too much is taken.",
    )
    parser.add_argument("--unlimited", action="store_true", help="raise the blog's limits out of reach")
    limits = RAISED if parser.parse_args().unlimited else {}
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), limits=limits) as blog:
        victim, attacker = blog.person(blogs=20), blog.person()
        return attack(f"http://{blog.host}:{blog.port}", victim, attacker, str(blog.users[0].email))


def attack(url: str, victim: dict[str, str], attacker: dict[str, str], email: str) -> int:
    before = page_seconds(url, victim)
    shared = Counter(share(url, attacker, email, number) for number in range(BLOGS))
    after = page_seconds(url, victim)
    with ThreadPoolExecutor(LISTERS) as pool:
        lists = Counter(pool.map(lambda _: get(f"{url}/api/shared", victim), range(LISTS)))
    largest = max(memory_below("self"))
    accepted = Counter(declare(url, attacker) for _ in range(DECLARATIONS))
    print(f"the victim's page: {before:.3f} s before, {after:.3f} s after {shared[201]} blogs of 400 kB were shared")
    print(f"{LISTS:,} lists by {LISTERS} at once: {dict(lists)}; the largest process has {largest / 1024**2:.0f} MB")
    print(f"{DECLARATIONS} declarations of 5 GB: {dict(accepted)}")
    return int(after > MOST_SECONDS or largest > MOST_BYTES or accepted[201] > MOST_ACCEPTED)


def page_seconds(url: str, headers: dict[str, str]) -> float:
    """How long the victim's list of blogs takes, the median of nine."""

    def seconds() -> float:
        started = time.perf_counter()
        get(f"{url}/blogs", headers)
        return time.perf_counter() - started

    return statistics.median(seconds() for _ in range(9))


def share(url: str, headers: dict[str, str], email: str, number: int) -> int:
    made = patiently(
        lambda: requests.post(
            f"{url}/api/blogs", json={"title": f"{number}", "content": TEXT}, headers=headers, timeout=30
        )
    )
    if made.status_code != 201:
        return made.status_code
    path = f"{url}/api/blogs/{made.json()['id']}/shares"
    return patiently(lambda: requests.post(path, json={"email": email}, headers=headers, timeout=30)).status_code


def declare(url: str, headers: dict[str, str]) -> int:
    told = {"filename": "film.mp4", "content_type": "video/mp4", "size": SIZE, "sha256": f"{DIGEST}-320"}
    return patiently(
        lambda: requests.post(f"{url}/api/attachments", json=told, headers=headers, timeout=30)
    ).status_code


def patiently(send: Callable[[], requests.Response]) -> requests.Response:
    """The answer, after the wait that a 429 asks for."""
    answer = send()
    while answer.status_code == 429:
        time.sleep(int(answer.headers["Retry-After"]))
        answer = send()
    return answer


def get(url: str, headers: dict[str, str]) -> int:
    return requests.get(url, headers=headers, timeout=30).status_code


if __name__ == "__main__":
    sys.exit(main())
