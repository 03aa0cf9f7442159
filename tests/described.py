"""A client that holds every answer of the API to its description."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from app.web.openapi import document


class DescribedClient(FlaskClient):
    """Fails when the API answers with a status that its description does not have."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        request = answer.request
        if request.path.startswith("/api/") and answer.status_code not in self._statuses(request.method, request.path):
            raise AssertionError(f"{request.method} {request.path} answered {answer.status_code}: not in openapi.json")
        return answer

    def _statuses(self, method: str, path: str) -> set[int]:
        app = self.application
        try:
            rule, _ = app.url_map.bind("localhost").match(path, method, return_rule=True)
        except HTTPException as error:
            return {error.code or 0, 400, 401, 403}
        if "described" not in app.extensions:
            paths = document(app, base_url="")["paths"]
            operations = [each for item in paths.values() for each in item.values()]
            app.extensions["described"] = {each["operationId"]: {*map(int, each["responses"])} for each in operations}
        # What a test broke by itself is its own matter.
        return {500, *app.extensions["described"][rule.endpoint]}
