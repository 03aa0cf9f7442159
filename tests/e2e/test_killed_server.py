"""A server that is killed while it keeps what somebody writes: the text is there when it is started again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest

from app.auth.models import User
from app.auth.queries import lock_user
from app.config import Settings
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import SAVED, drafts, is_kept_by_the_server, reads, says, write
from tests.e2e.live_server import WORKERS, LiveBlog, serve
from tests.forge.processes import listens
from tests.forge.redis_server import until
from tests.forge.server import Listener, started

LATER = "It was very bright."
Start = Callable[[], Popen[bytes]]


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> LiveBlog:
    """A blog of the test's own over everybody's database, not running yet."""
    listener = Listener()
    listener.socket.close()
    own = settings.model_copy(update={"base_url": listener.url, "instance_dir": tmp_path, "web_concurrency": WORKERS})
    log = tmp_path / "blog.log"
    log.touch()
    return LiveBlog(listener.url, logs=[log], provider_url=own.oidc_issuer, settings=own)


@pytest.fixture
def start(site: LiveBlog) -> Iterator[Start]:
    """Starts that blog, at its address again each time."""
    with ExitStack() as running:

        def begin() -> Popen[bytes]:
            listener = Listener(port=int(site.url.rpartition(":")[2]))
            return running.enter_context(started(serve(site.settings)(listener), listener, site.logs[0]))

        yield begin


class TestAServerKilledWhileItSavesADraft:
    @pytest.fixture(autouse=True)
    def killed(
        self, page: CustomPage, site: LiveBlog, start: Start, database: Database, expected_errors: list[str]
    ) -> User:
        expected_errors += ["net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION"]
        process = start()
        user: User = page.login(path="/blogs/new")
        is_kept_by_the_server(page)
        with database.write() as db:
            # So that the request does not end.
            lock_user(db, user.id)
            with page.expect_request("**/api/drafts/*"):
                write(page, LATER)
            # Its workers too.
            os.killpg(process.pid, signal.SIGKILL)
            until(lambda: not listens(site.url))
        return user

    def test_leaves_the_text_in_the_browser(self, page: CustomPage) -> None:
        says(page, "Not saved: the blog cannot be reached. Kept in this browser.")

    def test_leaves_every_device_what_it_had_saved_before(
        self, killed: User, page: CustomPage, start: Start, new_page: NewPage
    ) -> None:
        # Or it would save the later text as soon as it can.
        page.close()
        start()
        other = new_page()
        other.login(killed, "/blogs/drafts")
        other.get_by_role("link", name="Go on writing Untitled").click()
        reads(other)

    class TestAndStartedAgain:
        @pytest.fixture(autouse=True)
        def started_again(self, killed: User, start: Start) -> None:
            start()

        def test_has_the_text_from_the_page_that_is_still_open(self, page: CustomPage) -> None:
            page.evaluate("window.dispatchEvent(new Event('focus'))")
            says(page, SAVED)
            assert [draft["words"] for draft in drafts(page)] == [4]

        def test_gives_it_back_to_the_page_that_is_opened_again(self, page: CustomPage) -> None:
            page.goto("/blogs/new")
            reads(page, LATER)
