"""What many who look at one file at once cost."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from app.attachments.models import Attachment
from app.images.pool import ImagePool
from app.images.server import ImageServer
from app.storage.disk import DiskStore
from tests.factories.attachment import AttachmentFactory
from tests.factories.user import UserFactory

MANY = 6


@pytest.fixture
def picture(attachment_factory: AttachmentFactory, user_factory: UserFactory) -> Attachment:
    return attachment_factory(user_factory())


def counted(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[str]:
    """A word for each time that the method runs."""
    calls: list[str] = []
    method = getattr(owner, name)

    def run(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return method(*args, **options)

    monkeypatch.setattr(owner, name, run)
    return calls


@pytest.mark.programs
class TestManyWhoWantOneVariant:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        return counted(monkeypatch, ImagePool, "variant")

    @pytest.fixture
    def fetched(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        return counted(monkeypatch, DiskStore, "open")

    @pytest.fixture
    def bodies(self, images: ImageServer, picture: Attachment, made: list[str], fetched: list[str]) -> set[bytes]:
        def look(_: int) -> bytes:
            with closing(images.variant(picture.key, 320, picture.uploader_id)) as body:
                return body.read()

        with ThreadPoolExecutor(MANY) as threads:
            return set(threads.map(look, range(MANY)))

    def test_all_get_it(self, bodies: set[bytes]) -> None:
        assert len(bodies) == 1

    def test_have_it_made_once(self, bodies: set[bytes], made: list[str]) -> None:
        assert made == ["variant"]

    def test_have_its_original_fetched_once(self, bodies: set[bytes], fetched: list[str]) -> None:
        assert fetched == ["open"]
