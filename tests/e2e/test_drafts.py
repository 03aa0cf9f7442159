"""Text that the server keeps while it is typed: it is there on every device, whatever becomes of this one."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserType, Page, Route, expect

from app.auth.models import User
from app.auth.queries import end_sessions
from app.db import Database
from tests.e2e.custom_page import CustomPage, NewPage
from tests.e2e.kept_text import SAVED, drafts, is_kept_by_the_server, press, reads, save, says, write
from tests.e2e.live_server import LiveBlog
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory


def go_on_writing(page: Page, title: str = "Untitled") -> None:
    page.goto("/blogs/drafts")
    page.get_by_role("link", name=f"Go on writing {title}", exact=True).first.click()


def log_out_in_another_tab(page: Page) -> None:
    other = page.context.new_page()
    other.on("dialog", lambda dialog: dialog.accept())
    other.goto("/blogs")
    other.get_by_role("link", name="Logout").click()
    expect(other.get_by_role("link", name="Login With Google")).to_be_visible()


def as_they_are_now(database: Database, user: User) -> User:
    """For whom a session is one, after others were ended."""
    with database.read() as db:
        found: User = db.get_one(User, user.id)
    return found


def cookies_of(page: Page) -> list[Any]:
    return [*page.context.cookies()]


class TestWhileWriting:
    @pytest.fixture(autouse=True)
    def writing(self, page: CustomPage) -> User:
        user: User = page.login(path="/blogs/new")
        is_kept_by_the_server(page)
        self.user = user
        return user

    def test_finds_the_text_on_another_device(self, new_page: NewPage) -> None:
        other = new_page()
        other.login(self.user)
        go_on_writing(other)
        reads(other)

    def test_finds_the_tags_with_it(self, page: CustomPage) -> None:
        with page.expect_response("**/api/drafts/*"):
            page.get_by_label("Tags").fill("Sun, ")
        go_on_writing(page)
        expect(page.get_by_label("Tags")).to_have_value("Sun, ")

    def test_finds_it_after_closing_the_tab(self, page: CustomPage, new_page: NewPage) -> None:
        with page.expect_request("**/api/drafts/*"):
            write(page, "It was very bright.")
        page.close()
        other = new_page()
        other.login(self.user)
        go_on_writing(other)
        reads(other, "It was very bright.")

    def test_saves_at_once_by_ctrl_s(self, page: CustomPage) -> None:
        write(page, "It was very bright.")
        with page.expect_response("**/api/drafts/*"):
            page.keyboard.press("Control+s")
        assert drafts(page)[0]["words"] == 4

    def test_goes_on_by_ctrl_enter(self, page: CustomPage) -> None:
        page.get_by_label("Blog Title").fill("First light")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", name="Please confirm your entries")).to_be_visible()

    def test_has_one_blog_and_no_draft_after_saving(self, page: CustomPage) -> None:
        save(page)
        assert (len(page.get("/api/blogs")), drafts(page)) == (1, [])

    def test_has_one_draft_after_going_to_and_fro(self, page: CustomPage) -> None:
        page.submit("Next", title="First light", content="It was very bright.")
        press(page, "Back")
        is_kept_by_the_server(page, "It was dark.")
        assert len(drafts(page)) == 1

    def test_throws_it_away_on_the_page(self, page: CustomPage) -> None:
        page.goto("/blogs/drafts")
        press(page, "Throw away Untitled")
        expect(page.get_by_text("There are no drafts.")).to_be_visible()
        page.goto("/blogs/new")
        reads(page, "")

    def test_throws_it_away_by_starting_afresh(self, page: CustomPage) -> None:
        page.goto("/blogs/new")
        with page.expect_response(lambda response: response.request.method == "DELETE"):
            page.get_by_role("button", name="Start afresh").click()
        assert drafts(page) == []

    class TestAndLoggedOutInAnotherTab:
        @pytest.fixture(autouse=True)
        def logged_out(self, writing: User, page: CustomPage, database: Database) -> None:
            log_out_in_another_tab(page)
            write(page, "It was very bright.")
            self.user = as_they_are_now(database, writing)

        def test_is_told_so(self, page: CustomPage) -> None:
            says(page, "Not saved: you are logged out. Your text is kept in this browser.")

        def test_finds_the_text_after_logging_in(self, page: CustomPage) -> None:
            says(page, re.compile("you are logged out"))
            page.login(self.user, "/blogs/new")
            reads(page, "It was very bright.")

        def test_finds_on_another_device_what_was_saved_before(self, new_page: NewPage) -> None:
            other = new_page()
            other.login(self.user)
            go_on_writing(other)
            reads(other)

        def test_goes_on_after_logging_in_there(self, page: CustomPage, session_factory: SessionFactory) -> None:
            says(page, re.compile("you are logged out"))
            page.set_session_cookie(session_factory(self.user))
            page.evaluate("window.dispatchEvent(new Event('focus'))")
            says(page, SAVED)

    def test_finds_what_was_on_its_way_when_another_tab_logged_out(self, page: CustomPage, database: Database) -> None:
        held: list[Route] = []
        page.route("**/api/drafts/*", lambda route: held.append(route), times=1)
        with page.expect_request("**/api/drafts/*"):
            write(page, "It was very bright.")
        log_out_in_another_tab(page)
        held[0].continue_()
        says(page, "Not saved: you are logged out. Your text is kept in this browser.")
        page.login(as_they_are_now(database, self.user), "/blogs/new")
        reads(page, "It was very bright.")

    def test_finds_it_after_the_session_expired(self, page: CustomPage, database: Database) -> None:
        with database.write() as db:
            end_sessions(db, self.user.id)
        write(page, "It was very bright.")
        says(page, re.compile("you are logged out"))
        page.login(as_they_are_now(database, self.user), "/blogs/new")
        reads(page, "It was very bright.")
        says(page, SAVED)

    class TestAndOffline:
        @pytest.fixture(autouse=True)
        def offline(self, writing: User, page: CustomPage) -> None:
            page.context.set_offline(True)
            write(page, "It was very bright.")

        def test_is_told_so(self, page: CustomPage) -> None:
            says(page, "Offline. Kept in this browser.")

        def test_has_it_saved_when_the_network_is_back(self, page: CustomPage) -> None:
            says(page, re.compile("Offline"))
            page.context.set_offline(False)
            says(page, SAVED)
            assert drafts(page)[0]["words"] == 4

    def test_has_one_draft_after_an_answer_was_lost(self, page: CustomPage, expected_errors: list[str]) -> None:
        expected_errors.append("net::ERR_FAILED")

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/api/drafts/*", lose, times=1)
        write(page, "It was dark.")
        says(page, re.compile("cannot be reached"))
        is_kept_by_the_server(page, "It was very dark.")
        assert [draft["words"] for draft in drafts(page)] == [4]


class TestOnTwoDevices:
    @pytest.fixture(autouse=True)
    def writing(self, page: CustomPage, new_page: NewPage) -> None:
        user = page.login(path="/blogs/new")
        is_kept_by_the_server(page)
        self.other = new_page()
        self.other.login(user)
        go_on_writing(self.other)
        is_kept_by_the_server(self.other, "There")
        with self.other.expect_response("**/api/drafts/*"):
            self.other.keyboard.press("End")
            self.other.keyboard.type("!")
        write(page, "Here")

    def test_is_told_so_on_the_later_one(self, page: CustomPage) -> None:
        expect(page.locator(".draft-elsewhere").get_by_role("status")).to_contain_text(
            "This draft was changed elsewhere"
        )

    def test_keeps_both_texts(self, page: CustomPage) -> None:
        expect(page.locator(".draft-elsewhere")).to_be_visible()
        says(page, SAVED)
        texts = {page.get(f"/api/drafts/{draft['key']}")["content"] for draft in drafts(page)}
        assert texts == {"There!", "Here"}


class TestWhileEditing:
    @pytest.fixture(autouse=True)
    def writing(self, page: CustomPage) -> None:
        self.user = page.login()

    def test_finds_the_text_on_another_device(
        self, page: CustomPage, new_page: NewPage, blog_factory: BlogFactory
    ) -> None:
        path = f"/blogs/{blog_factory(self.user).id}/edit"
        page.goto(path)
        is_kept_by_the_server(page)
        other = new_page()
        other.login(self.user, path)
        expect(other.get_by_text("Your text is back.")).to_be_visible()
        reads(other)
        press(other, "Save Changes")
        assert drafts(other) == []

    def test_throws_away_what_came_back(self, page: CustomPage, blog_factory: BlogFactory) -> None:
        path = f"/blogs/{blog_factory(self.user, content='Saved.').id}/edit"
        page.goto(path)
        is_kept_by_the_server(page)
        page.goto(path)
        press(page, "Throw it away")
        page.goto(path)
        reads(page, "Saved.")


class TestABrowserThatIsKilled:
    @pytest.fixture(autouse=True)
    def killed(
        self,
        page: CustomPage,
        browser_type: BrowserType,
        browser_type_launch_args: dict[str, Any],
        browser_name: str,
        site: LiveBlog,
        tmp_path: Path,
    ) -> None:
        if browser_name != "chromium":
            pytest.skip("It is started by Chromium's own options.")
        self.user = page.login()
        program = browser_type_launch_args.get("executable_path") or browser_type.executable_path
        options = ["--headless", "--no-sandbox", "--disable-quic", "--remote-debugging-port=0"]
        command = [program, *options, f"--user-data-dir={tmp_path}", "about:blank"]
        # What is started may be a script, and the browser its child.
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            assert process.stderr
            address = next(
                found[1] for line in process.stderr if (found := re.search(r"listening on (ws://\S+)", line))
            )
            own = browser_type.connect_over_cdp(address).new_context(base_url=site.url)
            own.add_cookies(cookies_of(page))
            tab = own.new_page()
            tab.goto("/blogs/new")
            is_kept_by_the_server(tab)
            os.killpg(process.pid, signal.SIGKILL)

    def test_leaves_the_text_to_the_next(self, page: CustomPage) -> None:
        go_on_writing(page)
        reads(page)
