"""The API's description says all that there is, and nothing else."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web.openapi import Described

PAGED = {"send_page", "send_rows"}


def api_views(app: Flask) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """The method, the path as OpenAPI writes it, and the view of each route of the API."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, path, app.view_functions[rule.endpoint]


def called_in(view: Callable[..., Any]) -> dict[str, list[str]]:
    """The functions that a view calls by their names, each with its arguments as they are written."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(view)))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef)).body
    calls = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Call)]
    return {ast.unparse(call.func): [ast.unparse(each) for each in call.args] for call in calls}


@pytest.fixture
def described(client: FlaskClient) -> Any:
    return client.get("/api/openapi.json").get_json()


class TestTheDescription:
    def test_is_openapi(self, described: Any) -> None:
        # Here, because half a second is much for the tests that need none of it.
        import schemathesis

        schemathesis.openapi.from_dict(described).validate()

    def test_has_every_route_and_method(self, described: Any, app: Flask) -> None:
        told = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
        assert told == {(method, path) for method, path, _ in api_views(app)}

    def test_says_of_each_what_it_is_for(self, described: Any) -> None:
        operations = [(path, each) for path, item in described["paths"].items() for each in item.values()]
        assert [path for path, operation in operations if not operation["summary"]] == []

    def test_says_which_are_open_to_anybody(self, described: Any) -> None:
        anybodys = {
            path for path, item in described["paths"].items() for each in item.values() if each.get("security") == []
        }
        assert anybodys == {"/api/current_user", "/api/openapi.json"}

    def test_names_the_cookie_of_the_session(self, described: Any, app: Flask) -> None:
        name = app.session_interface.get_cookie_name(app)
        assert described["components"]["securitySchemes"]["session"]["name"] == name

    def test_says_that_the_server_refuses_in_plain_text(self, described: Any) -> None:
        """As gunicorn.conf.py writes what gunicorn answers by itself."""
        answers = described["components"]["responses"]
        assert {status: [*answers[status]["content"]] for status in ("414", "431")} == {
            "414": ["text/plain"],
            "431": ["text/plain"],
        }

    def test_is_known_by_its_etag(self, client: FlaskClient) -> None:
        etag = client.get("/api/openapi.json").headers["ETag"]
        assert client.get("/api/openapi.json", headers={"If-None-Match": etag}).status_code == 304


class TestAView:
    """What it says of itself is what it does."""

    def described(self, app: Flask) -> Iterator[tuple[str, Described, dict[str, list[str]]]]:
        for method, path, view in api_views(app):
            yield f"{method} {path}", view.described, called_in(view)  # type: ignore[attr-defined]

    def test_names_the_form_that_it_reads(self, app: Flask) -> None:
        found = [(name, each.body and [each.body.__name__], calls) for name, each, calls in self.described(app)]
        assert [name for name, form, calls in found if form != calls.get("read_json")] == []

    def test_is_paged_when_it_sends_pages(self, app: Flask) -> None:
        assert [name for name, each, calls in self.described(app) if each.paged != bool(PAGED & calls.keys())] == []

    def test_is_keyed_when_it_reads_a_key(self, app: Flask) -> None:
        assert [name for name, each, calls in self.described(app) if each.keyed != ("header_key" in calls)] == []

    def test_is_tagged_when_its_answer_has_an_etag(self, app: Flask) -> None:
        tagged = PAGED | {"json_answer"}
        assert [name for name, each, calls in self.described(app) if each.tagged != bool(tagged & calls.keys())] == []
