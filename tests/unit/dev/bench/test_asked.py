"""What `bin/bench` takes for a right answer."""

import json
from http.client import HTTPMessage
from typing import Any

import pytest

from dev.bench.asked import problem_with
from dev.bench.load import Reply
from dev.bench.rows import Line

BLOGS: list[dict[str, Any]] = [{"id": 2, "title": "Second"}, {"id": 1, "title": "First"}]
LIST = Line("cached", "", "inkwell", "/", "list", cache="hit")
PAGE = Line("page", "", "inkwell", "/", "text")


def reply(body: object, status: int = 200, cache: str = "hit") -> Reply:
    headers = HTTPMessage()
    headers["X-Cache"] = cache
    return Reply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


class TestAList:
    def test_is_right_when_it_is_what_was_written(self) -> None:
        assert problem_with(LIST, reply(BLOGS), 200, BLOGS) == ""

    def test_may_say_that_a_text_is_cut(self) -> None:
        assert problem_with(LIST, reply([{**each, "content_truncated": False} for each in BLOGS]), 200, BLOGS) == ""

    @pytest.mark.parametrize("wrong", [BLOGS[::-1], BLOGS[:1], [], [{**BLOGS[0], "title": "Another"}, BLOGS[1]]])
    def test_is_wrong_when_it_is_another(self, wrong: list[object]) -> None:
        assert problem_with(LIST, reply(wrong), 200, BLOGS) == "another list than was written"

    def test_is_wrong_when_it_did_not_come_from_the_cache(self) -> None:
        assert problem_with(LIST, reply(BLOGS, cache="miss"), 200, BLOGS) == "X-Cache is miss instead of hit"

    def test_is_wrong_with_another_status(self) -> None:
        assert problem_with(LIST, reply(BLOGS, 429), 200, BLOGS) == "429 instead of 200"


class TestAPage:
    @pytest.mark.parametrize(("body", "problem"), [(b"<p>Second", ""), (b"<p>", "the newest blog is not in it")])
    def test_has_the_newest_blog(self, body: bytes, problem: str) -> None:
        assert problem_with(PAGE, reply(body), 200, BLOGS) == problem


class TestANotModified:
    @pytest.mark.parametrize(("body", "problem"), [(b"", ""), (b"<p>", "a 304 has no body")])
    def test_has_no_body(self, body: bytes, problem: str) -> None:
        assert problem_with(PAGE, reply(body, 304), 304, BLOGS) == problem
