"""What a person's browser does with the attachments API."""

from collections.abc import Sequence
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.auth.models import User
from app.images.server import ImageServer
from app.storage.store import Upload, composite, sha256_of
from tests.factories.attachment import send
from tests.factories.session import SessionFactory

COMMON = {"Sec-Fetch-Site": "same-origin"}


class Person:
    """Somebody with a session: they declare files, send them to the store as told, and say that they are there."""

    def __init__(self, app: Flask, user: User) -> None:
        self.user = user
        self._images: ImageServer = app.extensions["images"]
        self._client = app.test_client(use_cookies=False)
        self._headers = {**COMMON, **SessionFactory(app)(user).header}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        arguments: Any = {"method": method, "json": body, "headers": {**self._headers, **headers}, "buffered": True}
        return self._client.open(path, **arguments)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def declare(self, content: bytes, **changes: Any) -> TestResponse:
        told = {"filename": "picture.png", "content_type": "image/png", "size": len(content)}
        return self.ask("POST", "/api/attachments", {**told, "sha256": sha256_of(content), **changes})

    def uploaded(self, content: bytes, **changes: Any) -> int:
        """The id of a file that is in the store, and not finished yet."""
        declared = self.declare(content, **changes).get_json()
        self.upload(declared, content)
        return int(declared["id"])

    def upload(self, declared: Any, content: bytes) -> None:
        upload = Upload(declared["url"], declared["method"], declared["headers"])
        send(self._images, upload, declared["key"], content)

    def finish(self, attachment_id: int, parts: Sequence[str] = ()) -> TestResponse:
        return self.ask("POST", f"/api/attachments/{attachment_id}/finish", {"parts": list(parts)})

    def finished(self, content: bytes, **changes: Any) -> Any:
        """What the blog says of a file that was sent and found right."""
        answer = self.finish(self.uploaded(content, **changes))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def declared_in_parts(self, parts: Sequence[bytes], **changes: Any) -> Any:
        told = {"filename": "film.mp4", "content_type": "video/mp4", "sha256": composite(map(sha256_of, parts))}
        return self.declare(b"".join(parts), **{**told, **changes}).get_json()

    def send_part(self, declared: Any, number: int, content: bytes) -> None:
        path = f"/api/attachments/{declared['id']}/parts"
        part = self.ask("POST", path, {"number": number, "sha256": sha256_of(content)}).get_json()
        self.upload({**declared, **part}, content)
