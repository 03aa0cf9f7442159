from collections.abc import Callable
from copy import copy
from typing import cast

import pytest

from app.attachments.bucket import cors_rule, iam_policy, setup
from app.attachments.storage.s3 import S3Store

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
