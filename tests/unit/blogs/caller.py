"""A program that calls the API."""

from typing import Any

from flask.testing import FlaskClient


class Caller:
    """A program with somebody's session."""

    def __init__(self, client: FlaskClient, headers: dict[str, str], root: str = "/api/blogs") -> None:
        self._client = client
        self._headers = headers
        self._root = root

    def __call__(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        # A DELETE has no body, and says all the same that no form has sent it.
        headers = {"Content-Type": "application/json", **self._headers}
        answer = self._client.open(f"{self._root}{path}", method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)
