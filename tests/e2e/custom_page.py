"""A page that knows the blog: ForgePage, with the blog's words for its cache and its uploads."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from playwright.sync_api import Locator, Response, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.factories.picture import PICTURE
from tests.forge.page import ForgePage

CacheResult = Literal["hit", "miss", "bypass"] | None

# Only a signed address has one, in either store.
SIGNED = re.compile(r"[?&](X-Amz-Signature|token)=")

_TRANSFER = """([kind, name, type, body]) => {
  const data = new DataTransfer();
  const binary = typeof body === "number" ? "" : atob(body);
  const bytes = binary ? Uint8Array.from(binary, (each) => each.charCodeAt()) : new Uint8Array(body);
  data.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  document.body.dispatchEvent(
    kind === "drop"
      ? new DragEvent("drop", { dataTransfer: data, ...options })
      : new ClipboardEvent("paste", { clipboardData: data, ...options }),
  );
}"""


class CustomPage(ForgePage):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._answer: Response | None = None
        self._page.on("response", self._note)

    def expect_cache(self, result: CacheResult, *, timeout: float = 5000) -> None:
        """The page's answer says `X-Cache: <result>`, now or soon; None is an answer that read nothing to cache."""
        if self._answer is None or _cache_result(self._answer) != result:
            with suppress(PlaywrightTimeout):
                self._page.wait_for_event("response", self._says(result), timeout=timeout)
        assert self._answer is not None, "the page has not been anywhere yet"
        found, timing = _cache_result(self._answer), self._answer.headers.get("server-timing", "nothing")
        assert found == result, (
            f"{self._answer.url} should have been answered with X-Cache {result}, and says {found} ({timing})"
        )

    @property
    def file_input(self) -> Locator:
        return self._page.locator("input[type=file]")

    @property
    def upload_status(self) -> Locator:
        return self._page.locator(".upload").get_by_role("status")

    def choose(self, name: str = "sunrise.png", content_type: str = "image/png", body: bytes = PICTURE) -> None:
        self.file_input.set_input_files({"name": name, "mimeType": content_type, "buffer": body})

    def drop_or_paste(self, how: str, name: str, content_type: str, body: str | int) -> None:
        """Drop or paste a file: bytes in base64, or that many zeros."""
        self._page.evaluate(_TRANSFER, [how, name, content_type, body])

    def upload(self) -> None:
        self.choose()
        expect(self.upload_status).to_have_text("Upload successful!")

    def upload_without_end(self, name: str = "sunrise.png") -> list[Route]:
        """Begin an upload that stops on its way to the store, and return what to `continue_()`."""
        held: list[Route] = []
        self._page.route(SIGNED, lambda route: held.append(route))
        with self._page.expect_request(SIGNED):
            self.choose(name)
        expect(self.upload_status).to_have_text("Uploading...")
        return held

    def fail_to_upload(self) -> None:
        self.choose(body=b"no picture")
        expect(self.upload_status).to_contain_text("Upload failed.")

    def _note(self, response: Response) -> None:
        if self._is_a_page(response):
            self._answer = response

    def _is_a_page(self, response: Response) -> bool:
        return response.request.is_navigation_request() and response.frame == self._page.main_frame

    def _says(self, result: CacheResult) -> Callable[[Response], bool]:
        return lambda response: self._is_a_page(response) and _cache_result(response) == result


NewPage = Callable[..., CustomPage]


def _cache_result(response: Response) -> str | None:
    return response.headers.get("x-cache")
