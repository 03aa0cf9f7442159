"""What a silent provider, slow uploads and somebody's flood of pictures cost everybody else: nothing to speak of."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.e2e.attacks import (
    LOGINS,
    UPLOADS,
    Bystander,
    SlowUpload,
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
from tests.forge.redis_server import skip_without_redis, until

pytestmark = pytest.mark.programs

# The benchmark sends forty.
PICTURES = 5
# Far from both: without the limits these wait for twenty seconds and more, with them for a fraction of one.
SOON = 8


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two workers of eight threads, at a provider that accepts every connection and never answers."""
    skip_without_redis()
    with silent_provider() as issuer, site(tmp_path_factory.mktemp("isolated"), oidc_issuer=issuer) as blog:
        yield blog


def served(watched: dict[str, Bystander]) -> bool:
    return all(each.statuses == {200} and each.worst < SOON for each in watched.values())


def statuses(uploads: Sequence[SlowUpload], within: float) -> Counter[int | None]:
    """How many were told what, or nothing in so many seconds."""
    until = time.monotonic() + within
    answers = [each.answer(max(until - time.monotonic(), 0)) for each in uploads]
    return Counter(answer.status if answer else None for answer in answers)


class TestEightyLoginsAtASilentProvider:
    @pytest.fixture(autouse=True)
    def logged_in(self, blog: Site) -> None:
        with bystanders(blog) as self.watched:
            self.answers = log_in_at_once(blog)

    def test_are_told_when_to_come_back(self) -> None:
        told = Counter((answer.status_code, answer.headers.get("Retry-After")) for answer in self.answers)
        assert told == {(503, "5"): LOGINS}

    def test_are_told_at_once_but_for_two_a_worker(self) -> None:
        # The provider gets four seconds.
        assert sum(answer.elapsed.total_seconds() > 3.9 for answer in self.answers) <= 4

    def test_hold_nobody_else_up(self) -> None:
        assert served(self.watched)


class TestSixteenSlowUploads:
    @pytest.fixture(autouse=True)
    def begun(self, blog: Site) -> None:
        with slow_uploads(blog) as uploads, bystanders(blog) as self.watched:
            self.answers = statuses(uploads, within=25)

    def test_are_refused_or_given_up(self) -> None:
        assert self.answers.keys() <= {503, 408}
        assert self.answers[503] >= UPLOADS // 2

    def test_hold_nobody_else_up(self) -> None:
        assert served(self.watched)


class TestSmallPicturesWhileSomebodyElseSendsHugeOnes:
    def test_are_all_finished(self, blog: Site) -> None:
        person = blog.person()
        waiting = [uploaded(blog, person, a_picture(64 + number, 48)) for number in range(PICTURES)]
        with flood(blog, black_png(8_000, 5_000, bits=8), 16):
            until(lambda: "Busy" in blog.log.read_text(), 60)
            statuses = [finished(blog, person, each) for each in waiting]
        assert statuses == [200] * PICTURES

    def test_leave_no_traceback_in_the_log(self, blog: Site) -> None:
        assert "Traceback" not in blog.log.read_text()
