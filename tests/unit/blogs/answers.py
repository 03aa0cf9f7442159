"""What the API answers."""

from typing import Any

from werkzeug.test import TestResponse


def outcome(answer: TestResponse) -> tuple[int, Any]:
    return answer.status_code, answer.get_json(silent=True)
