"""That no answer is older than what was committed, whatever dies meanwhile; and that a crowd costs one query."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import cycle
from pathlib import Path
from threading import Barrier
from typing import NamedTuple
from urllib.request import Request, urlopen

import pytest
import requests

from tests.e2e.checker import Plan, Tally, race
from tests.e2e.live_server import LiveBlog
from tests.e2e.site import Site, site
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.redis_server import skip_without_redis, until

pytestmark = [pytest.mark.programs, pytest.mark.both_databases]

CROWD = 100
# With a naive cache, more than 300 of them are stale.
READS = 400


def raced(blog: Site, reads: int = READS, disturb: Iterable[Callable[[], object]] = ()) -> Tally:
    plan = Plan(blog.host, blog.port, [blog.person() for _ in range(4)])
    return race(plan, reads=reads, seconds=60, disturb=disturb, every=0.1)


class TestReadersAndWritersOfTheSameBlogs:
    @pytest.fixture(scope="class")
    @classmethod
    def blog(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        skip_without_redis()
        with site(tmp_path_factory.mktemp("raced"), "wsgi:app") as blog:
            yield blog

    @pytest.fixture
    def outages(self, blog: Site) -> Iterator[list[str]]:
        """What was done to Redis, which is well again after the test."""
        yield []
        blog.redis.thaw()
        blog.redis.start()

    def test_never_see_what_is_old(self, blog: Site) -> None:
        tally = raced(blog)
        assert (tally.stale, tally.errors, tally.reads >= READS) == (0, 0, True), tally.examples

    def test_never_see_what_is_old_while_redis_freezes_and_dies(self, blog: Site, outages: list[str]) -> None:
        def disturb() -> Iterator[Callable[[], object]]:
            for step in cycle([blog.redis.freeze, blog.redis.thaw, blog.redis.kill, blog.redis.start]):
                outages.append(step.__name__)
                yield step

        tally = raced(blog, 2 * READS, disturb())
        assert (tally.stale, tally.errors, {"freeze", "kill"} <= set(outages)) == (0, 0, True), tally.examples

    def test_are_seen_to_by_a_checker_that_catches_a_naive_cache(self, tmp_path: Path) -> None:
        skip_without_redis()
        with site(tmp_path, "tests.e2e.naive:expires()") as blog:
            tally = raced(blog)
        assert (tally.stale > 100, tally.errors) == (True, 0), tally


class Answer(NamedTuple):
    worker: str
    titles: list[str]


class Aftermath(NamedTuple):
    answers: list[Answer]
    cleaned_up: bool


def asked(address: str, headers: dict[str, str]) -> Answer:
    answer = requests.get(address, headers=headers, timeout=30)
    return Answer(answer.headers["X-Worker"], [blog["title"] for blog in answer.json()])


def asked_until(enough: Callable[[set[str]], bool], address: str, headers: dict[str, str]) -> list[Answer]:
    """What workers say, until enough of them have said something."""
    answers: list[Answer] = []

    def all_asked() -> bool:
        with ThreadPoolExecutor(8) as pool:
            answers.extend(pool.map(lambda _turn: asked(address, headers), range(8)))
        return enough({answer.worker for answer in answers})

    until(all_asked, seconds=30)
    return answers


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Both workers had the list in their memory; one has written and died, and another has taken its place."""
    skip_without_redis()
    with site(tmp_path_factory.mktemp("dies"), "tests.e2e.dies_after_commit:app") as blog:
        address, headers = f"http://{blog.host}:{blog.port}/api/blogs", blog.person()
        keys = partial(blog.redis.client.keys, "*")
        old = {answer.worker for answer in asked_until(lambda workers: len(workers) == 2, address, headers)}
        until(keys)
        kept = set(keys())
        draft = {"title": "Committed", "content": "Before the end."}
        with suppress(requests.ConnectionError):
            requests.post(address, json=draft, headers=headers, timeout=30)
        answers = asked_until(lambda workers: bool(workers & old) and bool(workers - old), address, headers)
        return Aftermath(answers, cleaned_up=not kept <= set(keys()))


class TestAWorkerKilledBetweenCommitAndCleanUp:
    def test_leaves_nothing_stale_in_any_worker(self, aftermath: Aftermath) -> None:
        assert {tuple(answer.titles) for answer in aftermath.answers} == {("Committed",)}

    def test_has_not_cleaned_up(self, aftermath: Aftermath) -> None:
        assert not aftermath.cleaned_up


@pytest.mark.looks
class TestACrowdAtOneColdList:
    @pytest.fixture(autouse=True)
    def asked_at_once(
        self, site: LiveBlog, user_factory: UserFactory, blog_factory: BlogFactory, session_factory: SessionFactory
    ) -> None:
        user = user_factory()
        blog_factory(user, title="On ink")
        request = Request(f"{site.url}/api/blogs", headers=session_factory(user).header)  # noqa: S310  a site of ours
        start = Barrier(CROWD)

        def ask(_turn: int) -> list[str]:
            start.wait(30)
            with urlopen(request, timeout=30) as answer:  # noqa: S310
                return [blog["title"] for blog in json.load(answer)]

        before = self.database_reads(site)
        with ThreadPoolExecutor(CROWD) as pool:
            self.answers = list(pool.map(ask, range(CROWD)))
        self.reads = self.database_reads(site) - before

    def database_reads(self, site: LiveBlog) -> float:
        with urlopen(f"{site.url}/metrics", timeout=10) as answer:  # noqa: S310
            text = answer.read().decode()
        found = re.search(r'^inkwell_cache_events_total\{event="database_reads"\} (.+)$', text, re.MULTILINE)
        return float(found[1]) if found else 0

    def test_costs_two_queries_at_most(self) -> None:
        assert 1 <= self.reads <= 2

    def test_is_answered_with_the_same(self) -> None:
        assert self.answers == [["On ink"]] * CROWD
