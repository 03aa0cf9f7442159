import threading
from collections.abc import Callable, Iterator
from copy import copy
from typing import cast

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from app.doctor.setup import Promise, cors_rule, iam_policy, setup
from app.storage.s3 import S3Store

pytestmark = pytest.mark.programs

ORIGIN = "https://blog.example"


class TestANewBucket:
    @pytest.fixture
    def store(self, new_bucket: Callable[[], S3Store]) -> S3Store:
        return new_bucket()

    def test_is_given_a_cors_rule(self, store: S3Store) -> None:
        setup(store, ORIGIN)
        assert store.client.get_bucket_cors(Bucket=store.bucket)["CORSRules"] == [cors_rule(ORIGIN, store.prefix)]

    def test_is_said_to_be_open_where_the_server_cannot_close_it(self, store: S3Store) -> None:
        [public] = [each for each in setup(store, ORIGIN) if each.name == "No public access"]
        assert (public.holds, "no such setting" in public.detail) == (False, True)

    class TestSetUp:
        @pytest.fixture(autouse=True)
        def done(self, store: S3Store) -> None:
            setup(store, ORIGIN)

        def test_is_left_as_it_is(self, store: S3Store) -> None:
            [cors] = [each for each in setup(store, ORIGIN) if each.name == "CORS rule"]
            assert "already" in cors.detail

        def test_follows_the_blog_to_another_origin(self, store: S3Store) -> None:
            setup(store, "https://moved.example")
            assert store.client.get_bucket_cors(Bucket=store.bucket)["CORSRules"] == [
                cors_rule("https://moved.example", store.prefix)
            ]

        def test_keeps_the_rule_of_another_blog(self, store: S3Store) -> None:
            other = copy(store)
            other.prefix = "other/"
            setup(other, "https://other.example")
            assert store.client.get_bucket_cors(Bucket=store.bucket)["CORSRules"] == [
                cors_rule(ORIGIN, store.prefix),
                cors_rule("https://other.example", "other/"),
            ]


class TestAServerWithoutCORSRules:
    @pytest.fixture(
        params=[
            pytest.param((501, "<Error><Code>NotImplemented</Code></Error>"), id="not implemented"),
            pytest.param((405, "<Error><Code>MethodNotAllowed</Code></Error>"), id="not allowed"),
            pytest.param((501, "<h1>Not Implemented</h1><p>"), id="a page"),
            pytest.param((200, "<ListBucketResult/>"), id="takes it for another request"),
        ]
    )
    def store(self, request: pytest.FixtureRequest) -> Iterator[S3Store]:
        status, body = request.param
        server = make_server(
            "127.0.0.1",
            0,
            Request.application(lambda asked: Response(body, status) if "cors" in asked.args else Response()),
            threaded=True,
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.port}"
        yield S3Store("b", region="us-east-1", endpoint_url=url, access_key_id="a", secret_access_key="b")
        server.shutdown()
        thread.join()
        server.server_close()

    def test_is_told_of_and_closed_to_the_public_all_the_same(self, store: S3Store) -> None:
        assert setup(store, ORIGIN) == [
            Promise(
                "CORS rule", False, f"This server has no CORS rules: allow {ORIGIN} to upload in its own settings."
            ),
            Promise("No public access", True, "Applied: nobody can make it public."),
        ]


class TestThePolicy:
    @pytest.fixture
    def statements(self) -> list[dict[str, object]]:
        return cast(list[dict[str, object]], iam_policy("pictures", "blog/")["Statement"])

    def test_is_for_one_prefix_of_one_bucket(self, statements: list[dict[str, object]]) -> None:
        assert [each["Resource"] for each in statements] == ["arn:aws:s3:::pictures/blog/*", "arn:aws:s3:::pictures"]

    def test_allows_nothing_but_what_the_store_does(self, statements: list[dict[str, object]]) -> None:
        actions = {action for each in statements for action in cast(list[str], each["Action"])}
        assert actions == {
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
        }
