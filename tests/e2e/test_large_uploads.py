"""Files that go in parts: four at a time, tried again when one fails, and gone on with after a reload."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from itsdangerous import URLSafeSerializer
from playwright.sync_api import Request, Route, expect

from tests.e2e.custom_page import SIGNED, CustomPage

pytestmark = pytest.mark.parametrize("site", ["disk", "s3"], indirect=True, scope="session")

SIZE = 34_000_000
PARTS = 3
UPLOADED_WITHIN = 30_000


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "film.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture(autouse=True)
def at_the_review(page: CustomPage) -> None:
    page.login(path="/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")


def succeeds(page: CustomPage) -> None:
    expect(page.upload_status).to_have_text("Upload successful!", timeout=UPLOADED_WITHIN)


def part_number(request: Request) -> int:
    if request.method != "PUT":
        return 0
    query = dict(parse_qsl(urlsplit(request.url).query))
    # Of the disk store's addresses the number is a part of the token.
    signed = URLSafeSerializer("").loads_unsafe(query["token"])[1] if "token" in query else {}
    return int(query.get("partNumber") or signed["part"][1])


class TestChoosingALargeFile:
    @pytest.fixture(autouse=True)
    def uploaded(self, at_the_review: None, page: CustomPage, film: Path) -> None:
        page.file_input.set_input_files(film)
        succeeds(page)

    def test_saves_all_of_it(self, page: CustomPage, film: Path) -> None:
        page.submit("Save Blog")
        page.get_by_role("link", name="Read").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download film.mp4").click()
        assert download.value.path().read_bytes() == film.read_bytes()


class TestAPartThatIsLost:
    @pytest.fixture(autouse=True)
    def lost(self, at_the_review: None, page: CustomPage, film: Path, expected_errors: list[str]) -> None:
        expected_errors.append("net::ERR_FAILED")
        page.route(SIGNED, lambda route: route.abort(), times=1)
        page.file_input.set_input_files(film)

    def test_is_sent_again(self, page: CustomPage) -> None:
        succeeds(page)


class TestANetworkThatIsGone:
    @pytest.fixture(autouse=True)
    def gone(self, page: CustomPage, at_the_review: None, film: Path, expected_errors: list[str]) -> None:
        expected_errors += ["net::ERR_FAILED", "net::ERR_INTERNET_DISCONNECTED"]
        failed: list[Request] = []

        def cut(route: Route) -> None:
            page.context.set_offline(True)
            route.abort()

        page.clock.install()
        page.route(SIGNED, cut)
        page.on("requestfailed", lambda request: failed.append(request))
        with page.expect_event("requestfailed", lambda _: len(failed) == PARTS, timeout=UPLOADED_WITHIN):
            page.file_input.set_input_files(film)

    def test_is_asked_for_nothing(self, page: CustomPage) -> None:
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request))
        for _ in range(3):
            page.clock.run_for("10:00")
        assert asked == []

    def test_is_waited_for(self, page: CustomPage) -> None:
        page.unroute_all()
        page.context.set_offline(False)
        succeeds(page)


class TestAReloadInTheMiddle:
    @pytest.fixture(autouse=True)
    def reloaded(self, at_the_review: None, page: CustomPage, film: Path) -> None:
        def stop_after_the_first(route: Route) -> None:
            if part_number(route.request) == 1:
                route.continue_()

        page.route(SIGNED, stop_after_the_first)
        with page.expect_event("requestfinished", lambda request: part_number(request) == 1, timeout=UPLOADED_WITHIN):
            page.file_input.set_input_files(film)
        page.reload()
        page.unroute_all()
        self.sent: list[int] = []
        page.on("request", lambda request: self.sent.append(part_number(request)))

    def test_goes_on_with_the_parts_that_are_missing(self, page: CustomPage, film: Path) -> None:
        page.file_input.set_input_files(film)
        succeeds(page)
        assert sorted(filter(None, self.sent)) == [2, 3]

    def test_begins_anew_with_another_file(self, page: CustomPage, tmp_path: Path) -> None:
        other = tmp_path / "film.mp4"
        other.write_bytes(bytes(SIZE))
        page.file_input.set_input_files(other)
        succeeds(page)
        assert sorted(filter(None, self.sent)) == [1, 2, 3]


class TestALoginThatEndsInTheMiddle:
    @pytest.fixture(autouse=True)
    def logged_in_again(self, at_the_review: None, page: CustomPage, film: Path, expected_errors: list[str]) -> None:
        def lose_all_but_the_first(route: Route) -> None:
            if part_number(route.request) == 1:
                route.continue_()
            else:
                route.abort()

        expected_errors.append("net::ERR_FAILED")
        page.route(SIGNED, lose_all_but_the_first)
        with page.expect_event("requestfinished", lambda request: part_number(request) == 1, timeout=UPLOADED_WITHIN):
            page.file_input.set_input_files(film)
        cookies = page.context.cookies()
        page.context.clear_cookies()
        expect(page.upload_status).to_contain_text("You must log in!", timeout=UPLOADED_WITHIN)
        page.unroute_all()
        page.context.add_cookies(cookies)  # type: ignore[arg-type]  # what cookies() gives, add_cookies() takes
        self.sent: list[int] = []
        page.on("request", lambda request: self.sent.append(part_number(request)))

    def test_goes_on_with_the_parts_that_are_missing(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Retry").click()
        succeeds(page)
        assert sorted(filter(None, self.sent)) == [2, 3]


class TestABlogThatIsAskedTooOftenForLong:
    @pytest.fixture(autouse=True)
    def refused(self, at_the_review: None, page: CustomPage, film: Path, expected_errors: list[str]) -> None:
        expected_errors.append("429")
        too_often = {"error": "That was too often. Wait 61 seconds, then try again."}
        page.route("**/parts", lambda route: route.fulfill(status=429, headers={"Retry-After": "61"}, json=too_often))
        page.file_input.set_input_files(film)
        expect(page.upload_status).to_contain_text("That was too often.", timeout=UPLOADED_WITHIN)
        page.unroute_all()

    def test_goes_on_with_the_same_upload(self, page: CustomPage) -> None:
        declared: list[str] = []
        page.on(
            "request", lambda request: declared.append(request.url) if request.url.endswith("attachments") else None
        )
        page.get_by_role("button", name="Retry").click()
        succeeds(page)
        assert declared == []
