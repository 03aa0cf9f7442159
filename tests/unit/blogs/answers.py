"""What the API answers."""

from typing import Any

from werkzeug.test import TestResponse

ONE_HAS_MORE = {"html", "files", "words", "older", "newer"}


def listed(blog: dict[str, Any]) -> dict[str, Any]:
    """That blog, whose text is short, as lists have it."""
    kept = {name: value for name, value in blog.items() if name not in ONE_HAS_MORE}
    return kept | {"content_truncated": False}


def outcome(answer: TestResponse) -> tuple[int, Any]:
    return answer.status_code, answer.get_json(silent=True)
