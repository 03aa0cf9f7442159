"""The words of tests that upload."""

import re

from playwright.sync_api import Locator, Route, expect

from tests.e2e.custom_page import CustomPage
from tests.factories.attachment import a_picture

PICTURE = a_picture(80, 60)
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


def file_input(page: CustomPage) -> Locator:
    return page.locator("input[type=file]")


def status(page: CustomPage) -> Locator:
    return page.locator(".upload").get_by_role("status")


def choose(page: CustomPage, name: str = "sunrise.png", content_type: str = "image/png", body: bytes = PICTURE) -> None:
    file_input(page).set_input_files({"name": name, "mimeType": content_type, "buffer": body})


def drop_or_paste(page: CustomPage, how: str, name: str, content_type: str, body: str | int) -> None:
    """Drop or paste a file: bytes in base64, or that many zeros."""
    page.evaluate(_TRANSFER, [how, name, content_type, body])


def upload(page: CustomPage) -> None:
    choose(page)
    expect(status(page)).to_have_text("Upload successful!")


def upload_without_end(page: CustomPage, name: str = "sunrise.png") -> list[Route]:
    """Begin an upload that stops on its way to the store, and return what to `continue_()`."""
    held: list[Route] = []
    page.route(SIGNED, lambda route: held.append(route))
    with page.expect_request(SIGNED):
        choose(page, name)
    expect(status(page)).to_have_text("Uploading...")
    return held


def fail_to_upload(page: CustomPage) -> None:
    choose(page, body=b"no picture")
    expect(status(page)).to_contain_text("Upload failed.")
