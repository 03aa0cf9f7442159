"""Pages that are rendered once for all that they show, and answers that the browser has already.

A page is a function of the code, the template, the site's name, the visitor and the documents that were read for it.
The digest of these is its ETag (RFC 9110, 8.8.3), and the key under which its text is kept: neither can be stale.
"""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from flask import Flask, Response, render_template, request
from jinja2 import DictLoader
from pydantic_core import from_json

from app.cache import Document, Memory
from app.current import extension
from app.release import release
from app.web.etags import is_known, not_modified, tagged
from app.web.told import is_to_tell, told

TEMPLATES = Path(__file__).parents[1] / "templates"
MAX_PAGES, MAX_BYTES = 10_000, 16 * 1024 * 1024


class Addressee(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


class Pages:
    """The texts of a site's pages, by their ETags."""

    def __init__(self, site_name: str) -> None:
        self.site_name = site_name
        self.kept = Memory[str, bytes](MAX_PAGES, MAX_BYTES)


def init_app(app: Flask, *, site_name: str, provider_name: str) -> None:
    # Read by the worker when it starts, as the release is: what a deployment puts there meanwhile is another one's.
    app.jinja_loader = DictLoader(
        {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.html")}
    )
    app.extensions["pages"] = Pages(site_name)
    app.jinja_env.globals["told"] = told
    app.jinja_env.globals["provider_name"] = provider_name
    app.jinja_env.globals["site_name"] = site_name


def page(template: str, visitor: Addressee | None, documents: Mapping[str, bytes], **values: object) -> Response:
    """The page that shows the visitor those JSON documents, and values whose repr() is all that they are.

    The template knows both by their names, the documents parsed. It may use nothing else that changes, but for what is
    told once: such a page is not kept.
    """
    if is_to_tell():
        shown = {name: from_json(document) for name, document in documents.items()}
        return Response(render_template(template, **shown, **values))
    pages = extension("pages", Pages)
    who = visitor and (visitor.id, visitor.name)
    inputs = repr((template, pages.site_name, request.environ["SCRIPT_NAME"], who, values, [*documents]))
    etag = _etag(*documents.values(), shown_by=inputs)
    if is_known(etag):
        return not_modified(etag)
    text = pages.kept.get(etag)
    if text is None:
        shown = {name: from_json(document) for name, document in documents.items()}
        text = render_template(template, **shown, **values).encode()
        pages.kept.put(etag, text)
    return tagged(Response(text, content_type="text/html; charset=utf-8"), etag)


def json_answer(document: bytes, whole: bytes = b"") -> Response:
    """The document, or 304 to whoever has it; with `whole`, whoever has the answer that was made of that."""
    etag = _etag(whole or document)
    return not_modified(etag) if is_known(etag) else tagged(Response(document, content_type="application/json"), etag)


def json_sent(document: bytes, status: int = 200) -> Response:
    """The document as what a write has made of it, which nobody can have already."""
    return Response(document, status, content_type="application/json")


def _etag(*documents: bytes, shown_by: str = "") -> str:
    digest = blake2b(shown_by.encode(), key=release(), digest_size=16)
    for document in documents:
        digest.update((document if isinstance(document, Document) else Document(document)).digest)
    return f'"{digest.hexdigest()}"'
