"""Uploads that come to nothing: each says why, saves nothing, and keeps the text."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
import time_machine
from playwright.sync_api import Route, expect

from app.storage.store import Store, Upload, sha256_of
from tests.e2e.custom_page import SIGNED, CustomPage
from tests.e2e.live_server import LiveBlog
from tests.factories.picture import PICTURE, a_picture
from tests.forge.seaweedfs import SeaweedFS
from tests.seaweedfs import made_bucket

on_both_stores = pytest.mark.parametrize("site", ["disk", "s3"], indirect=True, scope="session")

MB = 1024 * 1024


@pytest.fixture(autouse=True)
def at_the_review(page: CustomPage) -> None:
    page.login(path="/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")


def reads(page: CustomPage, reason: str) -> None:
    expect(page.upload_status).to_have_text(re.compile(rf"^Upload failed\. {reason}"))


def saves_the_text_alone(page: CustomPage) -> bool:
    page.submit("Save Blog")
    (blog,) = page.get("/api/blogs")
    return (blog["content"], blog["attachment"]) == ("It was bright.", None)


def with_other_bytes(route: Route) -> None:
    route.continue_(post_data=PICTURE[::-1])


def as_another_type(route: Route) -> None:
    route.continue_(headers={**route.request.headers, "content-type": "text/html"})


def with_another_expiry(route: Route) -> None:
    # Of the disk store's addresses the expiry is a part of the token.
    route.continue_(url=re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=1", route.request.url).replace("token=", "token=0"))


def a_second_time(route: Route) -> None:
    first = requests.put(route.request.url, data=PICTURE, headers=route.request.headers, timeout=10)
    assert first.ok, first.text
    route.continue_()


@on_both_stores
@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (with_other_bytes, "What arrived is not what was sent"),
        (as_another_type, "The permission to send the file has expired, or is for another file"),
        (with_another_expiry, "The permission to send the file has expired, or is for another file"),
        (a_second_time, "This permission to send the file was used already"),
    ],
)
class TestAPictureSent:
    @pytest.fixture(autouse=True)
    def meddled_with(self, at_the_review: None, page: CustomPage, meddle: Callable[[Route], None]) -> None:
        page.route(SIGNED, meddle)
        page.choose()

    @pytest.mark.looks
    def test_says_why_it_failed(self, page: CustomPage, reason: str) -> None:
        reads(page, reason)

    def test_leaves_the_text_to_be_saved(self, page: CustomPage, reason: str) -> None:
        reads(page, reason)
        assert saves_the_text_alone(page)


@on_both_stores
class TestAnExpiredPermission:
    @pytest.fixture(autouse=True)
    def given(self, at_the_review: None, page: CustomPage, store: Store) -> None:
        def sign_ten_minutes_ago(route: Route) -> None:
            answer = route.fetch().json()
            with time_machine.travel(timedelta(minutes=-10)):
                signed = store.presign_put(
                    answer["key"], "image/png", size=len(PICTURE), sha256=sha256_of(PICTURE), expires_in=300
                )
            route.fulfill(status=201, json={**answer, "url": signed.url})

        page.route("**/api/attachments", sign_ten_minutes_ago)
        page.choose()

    def test_is_refused(self, page: CustomPage) -> None:
        reads(page, "The permission to send the file has expired")


@pytest.mark.looks
@pytest.mark.parametrize("site", ["s3"], indirect=True, scope="session")
class TestABucketWithoutARuleForThisSite:
    @pytest.fixture(autouse=True)
    def sent_to(self, at_the_review: None, page: CustomPage, seaweedfs: SeaweedFS, expected_errors: list[str]) -> None:
        expected_errors += ["blocked by CORS policy", "net::ERR_FAILED"]
        self.bucket = made_bucket(seaweedfs)
        signed = self.bucket.presign_put(
            "1/file", "image/png", size=len(PICTURE), sha256=sha256_of(PICTURE), expires_in=60
        )
        answer_with(page, signed)
        page.choose()

    def test_is_said_to_take_nothing_from_this_site(self, page: CustomPage) -> None:
        reads(page, "The file store cannot be reached, or does not take files from this site")

    def test_gets_nothing(self, page: CustomPage) -> None:
        reads(page, "The file store cannot be reached")
        assert self.bucket.head("1/file") is None


def answer_with(page: CustomPage, signed: Upload) -> None:
    # Not by a route: with one, Playwright answers the browser's preflight itself, and well.
    page.evaluate(
        """(answer) => {
          const original = fetch;
          window.fetch = (path, options) => (
            path === "/api/attachments" ? Promise.resolve(Response.json(answer)) : original(path, options)
          );
        }""",
        {"id": 1, "url": signed.url, "method": signed.method, "headers": dict(signed.headers)},
    )


class TestALostConnection:
    @pytest.fixture(autouse=True)
    def lost(self, at_the_review: None, page: CustomPage, expected_errors: list[str]) -> None:
        expected_errors.append("net::ERR_FAILED")
        page.route(SIGNED, lambda route: route.abort(), times=1)
        page.choose()
        reads(page, "The file store cannot be reached")

    def test_can_be_made_good_by_a_retry(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Retry").click()
        expect(page.upload_status).to_have_text("Upload successful!")

    def test_can_be_left_at_that(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Remove").click()
        assert saves_the_text_alone(page)


class TestAnAnswerThatBreaksOff:
    @pytest.fixture(autouse=True)
    def broken_off(self, at_the_review: None, page: CustomPage) -> None:
        page.route("**/finish", lambda route: route.fulfill(status=200, body='{"id": '), times=1)
        page.choose()

    def test_is_asked_for_again(self, page: CustomPage) -> None:
        expect(page.upload_status).to_have_text("Upload successful!")
        page.submit("Save Blog")
        assert page.get("/api/blogs")[0]["attachment"]["filename"] == "sunrise.png"


class TestAFileThatIsNotTaken:
    @pytest.fixture(autouse=True)
    def asked_for(self, at_the_review: None, page: CustomPage) -> None:
        self.sent: list[str] = []
        page.on("request", lambda request: self.sent.append(request.url))

    @pytest.mark.parametrize(
        ("content_type", "size", "reason"),
        [
            ("image/svg+xml", 100, "This kind of file is not taken"),
            ("text/html", 100, "This kind of file is not taken"),
            ("image/png", 51 * MB, "This file has 51 MB; at most 50 MB are taken"),
            ("image/png", 0, "This file is empty"),
        ],
    )
    def test_is_refused_before_anything_is_sent(
        self, page: CustomPage, content_type: str, size: int, reason: str
    ) -> None:
        page.drop_or_paste("drop", "file", content_type, size)
        reads(page, reason)
        assert [url for url in self.sent if not url.startswith("blob:")] == []


class TestALoginThatHasEnded:
    @pytest.fixture(autouse=True)
    def ended(self, at_the_review: None, page: CustomPage) -> None:
        self.cookies = page.context.cookies()
        page.context.clear_cookies()
        page.choose()
        reads(page, "You must log in!")

    @pytest.mark.looks
    def test_is_told_with_what_to_do(self, page: CustomPage) -> None:
        reads(page, "You must log in! Log in in another tab, then come back here and press Retry.")

    @pytest.mark.looks
    def test_does_not_promise_that_saving_works(self, page: CustomPage) -> None:
        expect(page.get_by_text("You can also save")).to_have_count(0)

    @pytest.mark.looks
    def test_says_where_the_text_is(self, page: CustomPage) -> None:
        expect(page.upload_status).to_contain_text("Your text is kept in this browser.")

    def test_leads_to_the_login_in_another_tab(self, page: CustomPage, site: LiveBlog) -> None:
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Log in in another tab").click()
        expect(popup.value).to_have_url(re.compile(f"^{re.escape(site.provider_url)}/"))

    def test_can_be_made_good_by_a_retry_after_the_next(self, page: CustomPage) -> None:
        page.context.add_cookies(self.cookies)  # type: ignore[arg-type]  # what cookies() gives, add_cookies() takes
        page.get_by_role("button", name="Retry").click()
        expect(page.upload_status).to_have_text("Upload successful!")


SCRIPT = b"<script>document.title = window.ran = 'ran'</script>"


class TestAPageThatPassesForAPicture:
    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("image/png", b"<!doctype html>" + SCRIPT),
            ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>"),
            ("image/gif", b"GIF89a/*" + SCRIPT + b"*/=1"),
        ],
        ids=["HTML", "SVG", "GIF and HTML"],
    )
    def test_is_refused(self, page: CustomPage, content_type: str, body: bytes) -> None:
        page.choose("picture", content_type, body)
        reads(page, "The file is not an image of the declared type, or it is damaged")


@pytest.mark.looks
@on_both_stores
@pytest.mark.parametrize("query", ["", "?w=320"])
class TestAPictureWithAScriptInIt:
    @pytest.fixture(autouse=True)
    def opened(self, at_the_review: None, page: CustomPage, expected_errors: list[str], query: str) -> None:
        # Even a recorder that the suite puts into every page is kept from running.
        expected_errors.append("Blocked script execution")
        page.choose(body=a_picture() + SCRIPT)
        expect(page.upload_status).to_have_text("Upload successful!")
        page.submit("Save Blog")
        self.answer = page.goto(f"/attachments/{page.get('/api/blogs')[0]['attachment']['id']}{query}")

    def test_runs_none_when_opened(self, page: CustomPage) -> None:
        assert page.evaluate("window.ran") is None

    def test_is_nothing_but_a_picture_to_the_browser(self) -> None:
        assert self.answer
        assert self.answer.headers["x-content-type-options"] == "nosniff"
        assert self.answer.headers["content-security-policy"].startswith("sandbox;")


class TestAFailedUpload:
    @pytest.fixture(autouse=True)
    def failed(self, at_the_review: None, page: CustomPage) -> None:
        page.fail_to_upload()

    @pytest.mark.looks
    def test_says_that_the_text_is_safe(self, page: CustomPage) -> None:
        expect(page.get_by_text("your text is safe")).to_be_visible()

    def test_keeps_the_text_when_the_visitor_goes_back(self, page: CustomPage) -> None:
        page.submit("Back")
        expect(page.get_by_label("Content")).to_have_value("It was bright.")

    def test_can_be_followed_by_another_picture(self, page: CustomPage) -> None:
        page.get_by_role("button", name="Remove").click()
        page.upload()
