"""Has a project's pages examined, by axe for one: each distinct page once in a run, by the first test that ends there.

Two pages are the same when their addresses and elements are alike, whatever their texts, and however long their lists.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

Examine = Callable[[Page], Sequence[str]]

# A segment of a path that is a number, or holds an id.
OF_ONE_ROW = re.compile(r"[^/]*\d[^/]*")
NARROW, MIDDLE = 600, 1000
# An attribute counts by its name and by whether it is empty; by its value only where no person wrote that.
LOOK = """() => {
  if (document.contentType !== "text/html") return null;
  const byValue = /^(class|id|role|type|aria-(?!label$|description$|valuetext$).*)$/;
  const attribute = ({ name, value }) =>
    byValue.test(name) ? `${name}=${value.replace(/\\d+/g, "0")}` : value ? name : `${name}=`;
  const look = (element) => [
    element.localName,
    ...[...element.attributes].map(attribute).sort(),
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()) ? "text" : "",
    `(${[...new Set([...element.children].map(look))]})`,
  ].join(" ");
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  return [look(document.documentElement), scheme, innerWidth];
}"""


class Examination:
    """`folder` is shared by all processes of a run, and remembers which pages they have examined."""

    def __init__(self, examine: Examine | None, folder: Path) -> None:
        self._examine = examine
        self._folder = folder

    def of(self, context: BrowserContext, own_hosts: Collection[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """The open pages of the site that no test has ended at before: each in words, and what is wrong with it."""
        if self._examine is None:
            return
        for page in context.pages:
            # A page that is on its way to another is left to the tests that end there.
            with suppress(PlaywrightError):
                if urlsplit(page.url).netloc in own_hosts and (seen := _look(page)):
                    yield from self._first(page, self._examine, *seen)

    def _first(
        self, page: Page, examine: Examine, elements: str, scheme: str, width: int
    ) -> Iterator[tuple[str, Sequence[str]]]:
        path = OF_ONE_ROW.sub("*", urlsplit(page.url).path)
        where = f"{path} {scheme} {'narrow' if width < NARROW else 'middle' if width < MIDDLE else 'wide'}"
        mark = hashlib.sha256(f"{where} {elements}".encode()).hexdigest()[:12]
        try:
            os.close(os.open(self._folder / mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        try:
            problems = examine(page)
        except PlaywrightError:
            (self._folder / mark).unlink()
            raise
        yield f"{where} {mark}", problems


def _look(page: Page) -> Any:
    """`page.evaluate(LOOK)`, but as no act of the test's, for which a trace would take two pictures of the page.

    They cost three times as much as the look. By what is internal to Playwright: where that has changed, as an act.
    """
    inner: Any = getattr(page, "_impl_obj", None)
    frame: Any = getattr(inner, "main_frame", None)
    if not hasattr(frame, "_wrap_api_call"):
        return page.evaluate(LOOK)
    internal = SimpleNamespace(internal=True, title=None)
    return page._sync(frame._wrap_api_call(lambda _: frame.evaluate(LOOK, None), internal))
