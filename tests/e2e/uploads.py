"""The words of tests that upload."""

from playwright.sync_api import Locator

from tests.e2e.custom_page import CustomPage


def file_input(page: CustomPage) -> Locator:
    return page.locator("input[type=file]")


def choose(page: CustomPage, name: str, content_type: str, body: bytes) -> None:
    file_input(page).set_input_files({"name": name, "mimeType": content_type, "buffer": body})


def status(page: CustomPage) -> Locator:
    return page.get_by_role("status")
