"""Uploads in parts, as the blog tells of them."""

import pytest

from app.attachments.models import Attachment
from app.db import Database
from app.images.server import ImageServer
from app.storage.store import composite, sha256_of
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

CHECKSUMS = [sha256_of(b"1"), sha256_of(b"2")]


class TestAnUploadInParts:
    @pytest.fixture(autouse=True)
    def declared(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        self.client = client_for(user_factory())
        declaration = {"filename": "film.mp4", "content_type": "video/mp4", "size": 20 * 1024**2}
        body = {**declaration, "sha256": composite(CHECKSUMS)}
        self.id = self.client.post("/api/attachments", json=body).get_json()["id"]

    def status_and_parts(self) -> tuple[int, object]:
        answer = self.client.get(f"/api/attachments/{self.id}")
        return answer.status_code, answer.get_json().get("parts")

    def test_has_no_parts_yet(self) -> None:
        assert self.status_and_parts() == (200, [])

    def test_is_unknown_once_the_store_has_given_it_up(self, database: Database, images: ImageServer) -> None:
        with database.read() as db:
            attachment = db.get_one(Attachment, self.id)
        images.store.abort_multipart(attachment.key, attachment.upload_id or "")
        assert self.status_and_parts() == (404, None)
