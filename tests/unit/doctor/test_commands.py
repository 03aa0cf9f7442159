"""`flask store`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.doctor import examinations as doctor
from app.storage.disk import DiskStore
from app.storage.s3 import S3Store
from tests.conftest import NewApp
from tests.e2e.live_server import LiveBlog, live_blog
from tests.forge.seaweedfs import SeaweedFS
from tests.seaweedfs import settings_of

pytestmark = pytest.mark.programs


def asked(blog: Flask, *words: str) -> tuple[int, str]:
    result = blog.test_cli_runner().invoke(args=["store", *words])
    return result.exit_code, result.output


@pytest.fixture
def on_s3(new_app: NewApp, seaweedfs: SeaweedFS, new_bucket: Callable[[], S3Store]) -> Flask:
    return new_app(**settings_of(seaweedfs, new_bucket()))


class TestABlogWithItsFilesOnTheDisk:
    def test_needs_no_setup(self, app: Flask) -> None:
        assert asked(app, "setup") == (0, "The files are on this machine's disk: there is nothing to set up.\n")

    class TestAndRuns:
        @pytest.fixture
        def server(self, settings: Settings, tmp_path: Path) -> Iterator[LiveBlog]:
            with live_blog(settings, tmp_path) as running:
                yield running

        def test_is_found_right(self, new_app: NewApp, server: LiveBlog) -> None:
            lines = [f"holds   {name}" for name in doctor.EXAMINATIONS]
            told = "\n".join([*lines, "", f"{len(lines)} of {len(lines)} hold.", ""])
            assert asked(new_app(base_url=server.url), "doctor") == (0, told)

    class TestAndDoesNotRun:
        def test_is_not_examined(self, new_app: NewApp) -> None:
            told = "Error: The blog does not answer at http://127.0.0.1:9: its disk store works only while it runs.\n"
            assert asked(new_app(base_url="http://127.0.0.1:9"), "doctor") == (1, told)

        def test_is_not_examined_where_something_else_runs(self, new_app: NewApp, disk_store: DiskStore) -> None:
            status, told = asked(new_app(base_url=disk_store.base_url), "doctor")
            assert (status, "The blog does not answer" in told) == (1, True)


class TestABlogWithItsFilesInABucket:
    @pytest.fixture(autouse=True)
    def brief(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A doctor who does not wait for an address to expire."""
        quick = {name: each for name, each in doctor.EXAMINATIONS.items() if not name.startswith("forgets expired")}
        monkeypatch.setattr(doctor, "EXAMINATIONS", quick)

    @pytest.fixture
    def setup(self, on_s3: Flask) -> str:
        return asked(on_s3, "setup")[1]

    def test_is_told_the_least_policy(self, on_s3: Flask, setup: str) -> None:
        assert f"arn:aws:s3:::{on_s3.extensions['settings'].s3_bucket}/*" in setup

    def test_is_told_what_was_applied(self, setup: str) -> None:
        assert "holds   CORS rule         Applied: PUT from http://localhost." in setup

    def test_is_told_that_something_was_not_applied(self, on_s3: Flask) -> None:
        status, told = asked(on_s3, "setup")
        assert (status, told.endswith("1 of 2 hold.\n")) == (1, True)

    def test_is_found_wanting_before(self, on_s3: Flask) -> None:
        status, told = asked(on_s3, "doctor")
        assert (status, "BROKEN  lets our pages upload" in told, "18 of 19 hold." in told) == (1, True, True)

    def test_is_found_right_afterwards(self, on_s3: Flask, setup: str) -> None:
        status, told = asked(on_s3, "doctor")
        assert (status, "19 of 19 hold." in told) == (0, True)


class TestABucketThatDoesNotAnswer:
    @pytest.mark.parametrize("command", ["setup", "doctor"])
    def test_is_told_of_in_one_line(self, new_app: NewApp, command: str) -> None:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        blog = new_app(s3_bucket="b", s3_endpoint_url="http://127.0.0.1:9", **keys)
        assert asked(blog, command) == (1, "Error: The store does not answer: EndpointConnectionError.\n")
