"""The JSON API as OpenAPI 3.1, made of the routes, of the forms that they read, and of what `@answers` says of each.

What every route of a kind may answer is derived here: a route says only what is its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NotRequired, TypeVar

from flask import Blueprint, Flask, current_app
from pydantic import BaseModel, ConfigDict, TypeAdapter, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict
from werkzeug.routing import Rule

from app.current import extension, settings
from app.db import MAX_ID
from app.errors import InkwellError
from app.web.idempotency import MAX_LENGTH
from app.web.marks import is_public, public
from app.web.pages import json_answer
from app.web.paging import MAX_SENT, SENT
from app.web.paths import KeyConverter

View = TypeVar("View", bound=Callable[..., Any])
JsonObject = dict[str, Any]

PREFIX = "/api/"
VERSION = "1"
REFERENCE = "#/components/schemas/{model}"
JSON = "application/json"
# Any request may end so. The last two are the server's own word, before the blog has read anything.
ANYWHERE = (400, 429, 503, 414, 431)
BY_THE_SERVER = {414, 431}
# What reading a body may end in: not JSON, too large, of another type, against the form.
OF_A_BODY = (400, 413, 415, 422)
MEANINGS = {
    200: "What was asked for",
    201: "It was made",
    204: "It is gone",
    304: "The caller has it already: it sent its ETag",
    400: "The request cannot be read",
    401: "Nobody is logged in",
    403: "The request was sent by another site's page",
    404: "There is no such thing, or the caller may not see it",
    409: "It is not as the caller believed",
    413: "The body is too large",
    415: "The body is not JSON",
    414: "The address is too long",
    422: "Some values break a rule: `fields` says which",
    429: "The caller asks too often: try again after `Retry-After` seconds",
    431: "The headers are too large",
    503: "Something that the blog needs does not answer: try again after `Retry-After` seconds",
}

blueprint = Blueprint("openapi", __name__)

# A document with exactly the fields that it names.
closed = with_config(ConfigDict(extra="forbid"))


@closed
class Problem(TypedDict):
    """What went wrong, as a sentence; `fields` has one for each field or parameter to blame."""

    error: str
    fields: NotRequired[dict[str, str]]


@dataclass(frozen=True)
class Described:
    """What a view says of itself: the type of its answer (None: no body) with its status, and what it reads."""

    answer: Any
    status: int
    body: type[BaseModel] | None
    paged: bool
    tagged: bool
    filters: Mapping[str, str]
    keyed: bool
    raises: Sequence[type[InkwellError]]


def answers(
    answer: Any = None,
    status: int = 200,
    *,
    body: type[BaseModel] | None = None,
    paged: bool = False,
    tagged: bool = False,
    filters: Mapping[str, str] = MappingProxyType({}),
    keyed: bool = False,
    raises: Sequence[type[InkwellError]] = (),
) -> Callable[[View], View]:
    """Mark a view of the API with what it answers and the form that it reads.

    `paged` for a list by pages, `tagged` for an answer with an ETag, `filters` for other parameters and what they mean,
    `keyed` for a view that reads an Idempotency-Key, `raises` for errors that are this view's own.
    """

    def mark(view: View) -> View:
        described = Described(answer, status, body, paged, tagged or paged, filters, keyed, raises)
        setattr(view, "described", described)  # noqa: B010  as in marks
        return view

    return mark


@blueprint.get("/api/openapi.json")
@answers(JsonObject, tagged=True)
@public
def show() -> Any:
    """This description."""
    if "openapi" not in current_app.extensions:
        current_app.extensions["openapi"] = to_json(document(current_app, base_url=settings().base_url))
    return json_answer(extension("openapi", bytes))


def document(app: Flask, *, base_url: str) -> JsonObject:
    """The API of that app. Raises AttributeError for a view under /api without `@answers`."""
    operations = list(_operations(app))
    schemas = _Schemas([described for _, _, _, described in operations])
    paths: dict[str, JsonObject] = {}
    for rule, method, view, described in operations:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(rule, method, view, described, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inkwell", "version": VERSION, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.definitions,
            "responses": {str(status): _failure(status, schemas) for status in MEANINGS if status >= 400},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": app.session_interface.get_cookie_name(app)}
            },
        },
        "security": [{"session": []}],
    }


def _operations(app: Flask) -> Iterator[tuple[Rule, str, Callable[..., Any], Described]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(PREFIX):
            view = app.view_functions[rule.endpoint]
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, view, getattr(view, "described")  # noqa: B009  as in marks


class _Schemas:
    """The JSON schemas of everything that is read or answered, each by its type."""

    def __init__(self, all_described: Sequence[Described]) -> None:
        read = [each.body for each in all_described if each.body]
        sent = [each.answer for each in all_described if each.answer]
        inputs: list[Any] = [(repr(kind), "validation", TypeAdapter(kind)) for kind in read]
        inputs += [(repr(kind), "serialization", TypeAdapter(kind)) for kind in [Problem, *sent]]
        self._of, made = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
        self.definitions: JsonObject = made["$defs"]

    def read(self, kind: Any) -> JsonObject:
        return self._of[repr(kind), "validation"]

    def sent(self, kind: Any) -> JsonObject:
        return self._of[repr(kind), "serialization"]


def _operation(
    rule: Rule, method: str, view: Callable[..., Any], described: Described, schemas: _Schemas
) -> JsonObject:
    failures = _failures(rule, method, view, described)
    responses: JsonObject = {str(status): {"$ref": f"#/components/responses/{status}"} for status in failures}
    responses[str(described.status)] = _success(described, schemas)
    if described.tagged:
        responses["304"] = {"description": MEANINGS[304]}
    operation: JsonObject = {
        "operationId": rule.endpoint,
        "summary": (view.__doc__ or "").strip().partition("\n")[0],
        "parameters": [*_path_parameters(rule), *_other_parameters(described)],
        "responses": dict(sorted(responses.items())),
    }
    if described.body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.read(described.body)}}}
    if is_public(view):
        operation["security"] = []
    return operation


def _failures(rule: Rule, method: str, view: Callable[..., Any], described: Described) -> set[int]:
    found = {*ANYWHERE, *(error.status for error in described.raises)}
    found |= set() if is_public(view) else {401}
    found |= {403} if method != "GET" else set()
    found |= {404} if rule.arguments else set()
    found |= {422} if described.paged else set()
    return found | set(OF_A_BODY if described.body else ())


def _failure(status: int, schemas: _Schemas) -> JsonObject:
    if status in BY_THE_SERVER:
        return {"description": MEANINGS[status], "content": {"text/plain": {"schema": {"type": "string"}}}}
    headers: JsonObject = {"Link": {"description": "This description (RFC 8631)", "schema": {"type": "string"}}}
    if status in (429, 503):
        headers["Retry-After"] = {"schema": {"type": "integer"}}
    return {"description": MEANINGS[status], "headers": headers, "content": {JSON: {"schema": schemas.sent(Problem)}}}


def _success(described: Described, schemas: _Schemas) -> JsonObject:
    response: JsonObject = {"description": MEANINGS[described.status]}
    if described.tagged:
        response["headers"] = {"ETag": {"schema": {"type": "string"}, "required": True}}
    if described.paged:
        response["headers"]["Link"] = {
            "description": "The first and the next page (RFC 8288)",
            "schema": {"type": "string"},
        }
    if described.answer:
        response["content"] = {JSON: {"schema": schemas.sent(described.answer)}}
    return response


def _path_parameters(rule: Rule) -> list[JsonObject]:
    key = {"type": "string", "pattern": f"^{KeyConverter.regex}$"}
    return [
        {"name": name, "in": "path", "required": True, "schema": key if kind == "key" else _whole_number(MAX_ID)}
        for kind, name in re.findall(r"<(id|key):(\w+)>", rule.rule)
    ]


def _other_parameters(described: Described) -> list[JsonObject]:
    parameters: list[JsonObject] = []
    if described.keyed:
        key = {"type": "string", "maxLength": MAX_LENGTH}
        sent_again = "What is sent again with it is made once"
        parameters.append({"name": "Idempotency-Key", "in": "header", "description": sent_again, "schema": key})
    if described.paged:
        limit = _whole_number(MAX_SENT) | {"default": SENT}
        parameters += [
            {"name": "limit", "in": "query", "description": "How many rows at most", "schema": limit},
            {
                "name": "after",
                "in": "query",
                "description": "The last id that one has",
                "schema": _whole_number(MAX_ID),
            },
        ]
    for name, meaning in described.filters.items():
        parameters.append({"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}})
    if described.tagged:
        parameters.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    return parameters


def _whole_number(most: int) -> JsonObject:
    return {"type": "integer", "format": "int64", "minimum": 1, "maximum": most}
