"""What a browser does with a file."""

from collections.abc import Sequence
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.models import User
from app.images.server import ImageServer
from app.storage.store import Upload, composite, sha256_of
from tests.factories.attachment import send


class Uploader:
    """Somebody who declares files, sends them to the store as told, and says that they are there."""

    def __init__(self, client: FlaskClient, user: User) -> None:
        self.client, self.user = client, user
        self._images: ImageServer = client.application.extensions["images"]

    def get(self, path: str, **headers: str) -> TestResponse:
        # A file that is being sent stays open until all of it is.
        return self.client.get(path, headers=headers, buffered=True)

    def declare(self, content: bytes, client_key: str | None = None, **changes: Any) -> TestResponse:
        """`client_key` is an idempotency key."""
        told = {"filename": "picture.png", "content_type": "image/png", "size": len(content)}
        body = {**told, "sha256": sha256_of(content), **changes}
        return self.client.post(
            "/api/attachments", json=body, headers={"Idempotency-Key": client_key} if client_key else {}
        )

    def uploaded(self, content: bytes, **changes: Any) -> int:
        """The id of a file that is in the store, and not finished yet."""
        declared = self.declare(content, **changes).get_json()
        self.upload(declared, content)
        return int(declared["id"])

    def upload(self, declared: Any, content: bytes) -> None:
        upload = Upload(declared["url"], declared["method"], declared["headers"])
        send(self._images, upload, declared["key"], content)

    def finish(self, attachment_id: int, parts: Sequence[str] = ()) -> TestResponse:
        return self.client.post(f"/api/attachments/{attachment_id}/finish", json={"parts": list(parts)})

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
        part = self.client.post(path, json={"number": number, "sha256": sha256_of(content)}).get_json()
        self.upload({**declared, **part}, content)
