"""Drafts: what was typed and not saved yet, on the server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.attachments.models import Attachment
from app.attachments.sweep import sweep
from app.auth.models import User
from app.blogs import drafts
from app.blogs.commands import count_anew
from app.db import Database
from app.images.server import ImageServer
from tests.conftest import NewApp
from tests.factories.attachment import AttachmentFactory
from tests.factories.blog import BlogFactory
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

KEY, PATH = "k" * 22, "/api/drafts/" + "k" * 22
TYPED = {"title": "First light", "content": "It was bright. ", "tags": "sun"}
BYTES = sum(len(value) for value in TYPED.values())


class Writer:
    @pytest.fixture(autouse=True)
    def logged_in(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        self.user = user_factory()
        self.caller = client_for(self.user)

    def save(self, **changes: Any) -> tuple[int, Any]:
        answer = self.caller.put(PATH, json={**TYPED, **changes})
        return answer.status_code, answer.get_json()

    def keys(self) -> list[str]:
        return [draft["key"] for draft in self.caller.get("/api/drafts").get_json()]

    def publish(self, **changes: str) -> int:
        form = {**TYPED, "key": KEY, "step": "save", **changes}
        return self.caller.post("/blogs/new", data=form).status_code

    def bytes_counted(self, database: Database) -> int:
        with database.read() as db:
            return db.get_one(User, self.user.id).text_bytes


class TestSomebodyWithADraft(Writer):
    @pytest.fixture(autouse=True)
    def saved(self, logged_in: None) -> None:
        self.status, self.answer = self.save()

    def test_is_told_its_revision(self) -> None:
        assert (self.status, self.answer["key"], self.answer["revision"]) == (200, KEY, 1)

    def test_reads_it_as_it_was_typed(self) -> None:
        draft = self.caller.get(PATH).get_json()
        assert (draft["title"], draft["content"], draft["words"]) == (TYPED["title"], TYPED["content"], 3)

    def test_finds_it_in_the_list(self) -> None:
        assert self.keys() == [KEY]

    def test_finds_it_on_a_page(self) -> None:
        page = self.caller.get("/blogs/drafts").text
        assert ("Go on writing First light" in page, f"/blogs/new?draft={KEY}" in page) == (True, True)

    def test_goes_on_with_it(self) -> None:
        page = self.caller.get(f"/blogs/new?draft={KEY}").text
        assert ("It was bright." in page, f'name="key" value="{KEY}"' in page) == (True, True)
        assert 'name="revision" value="1"' in page

    def test_keeps_more_of_it(self) -> None:
        assert self.save(content="It was very bright.", revision=1)[1]["revision"] == 2

    def test_keeps_the_same_once(self) -> None:
        assert self.save(revision=0)[1]["revision"] == 1

    def test_is_told_when_another_device_has_changed_it(self) -> None:
        self.save(content="There", revision=1)
        status, answer = self.save(content="Here", revision=1)
        assert (status, answer) == (409, {"error": "This draft was changed elsewhere."})
        assert self.caller.get(PATH).get_json()["content"] == "There"

    def test_throws_it_away(self) -> None:
        assert (self.caller.delete(PATH).status_code, self.keys()) == (204, [])

    def test_throws_it_away_on_the_page(self) -> None:
        assert (self.caller.post(f"/blogs/drafts/{KEY}/delete").status_code, self.keys()) == (303, [])

    def test_writes_on_when_it_was_thrown_away(self) -> None:
        self.caller.delete(PATH)
        assert self.save(revision=1)[1]["revision"] == 2

    def test_has_none_after_publishing_it(self) -> None:
        assert (self.publish(), self.keys()) == (303, [])

    def test_has_it_still_after_publishing_fails(self) -> None:
        assert (self.publish(attachment_id="77"), self.keys()) == (404, [KEY])

    def test_has_it_still_after_publishing_another(self) -> None:
        assert (self.publish(key="another"), self.keys()) == (303, [KEY])

    def test_makes_no_draft_of_what_is_published(self) -> None:
        self.publish()
        status, answer = self.save(revision=1)
        assert (status, answer.get("error"), self.keys()) == (422, "This form was saved as a blog before", [])

    def test_is_counted_for_it(self, database: Database) -> None:
        assert self.bytes_counted(database) == BYTES

    def test_is_counted_for_the_blog_alone_after_publishing(self, database: Database) -> None:
        self.publish()
        assert self.bytes_counted(database) == BYTES

    def test_is_counted_the_same_by_a_recount(self, database: Database) -> None:
        with database.write() as db:
            count_anew(db)
        assert self.bytes_counted(database) == BYTES

    def test_keeps_it_from_others(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        other = client_for(user_factory())
        assert (other.get("/api/drafts").get_json(), other.get(PATH).status_code) == ([], 404)

    def test_shares_its_key_with_nobody(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        client_for(user_factory()).put(PATH, json={"content": "Theirs"})
        assert self.caller.get(PATH).get_json()["content"] == TYPED["content"]


class TestADraft(Writer):
    @pytest.mark.parametrize("typed", [{"title": "", "content": ""}, {}, {"title": " ", "content": "\n"}])
    def test_may_have_no_words(self, typed: dict[str, str]) -> None:
        assert self.caller.put(PATH, json=typed).status_code == 200

    @pytest.mark.parametrize(
        "typed",
        [{"content": "a" * 200_001}, {"title": "a" * 1_001}, {"body": "a"}, {"revision": -1}, {"content": 7}],
    )
    def test_has_bounds(self, typed: dict[str, Any]) -> None:
        assert self.save(**typed)[0] == 422

    def test_loses_a_nul_character(self) -> None:
        self.save(content="a\0b")
        assert self.caller.get(PATH).get_json()["content"] == "ab"

    @pytest.mark.parametrize("key", ["a" * 101, "%2F", "a.b", "%00"])
    def test_has_a_key_that_an_address_can_hold(self, key: str) -> None:
        assert self.caller.put(f"/api/drafts/{key}", json=TYPED).status_code == 404

    def test_is_one_of_so_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drafts, "MAX_DRAFTS", 1)
        self.caller.put("/api/drafts/another", json=TYPED)
        status, answer = self.save()
        assert (status, [*answer.get("fields", [])], self.keys()) == (422, ["drafts"], ["another"])

    def test_keeps_its_files_from_the_sweep(
        self, database: Database, images: ImageServer, attachment_factory: AttachmentFactory
    ) -> None:
        in_text, on_top, other = (attachment_factory(self.user).id for _ in range(3))
        with database.write() as db:
            long_ago = datetime.now(UTC) - timedelta(days=2)
            for file in db.scalars(select(Attachment).where(Attachment.uploader_id == self.user.id)):
                file.finished_at = long_ago
        self.save(content=f"![](/attachments/{in_text})", attachment_id=on_top)
        list(sweep(database, images.store, datetime.now(UTC), dry_run=False, all_unknown=True))
        with database.read() as db:
            left = db.scalars(select(Attachment.id).where(Attachment.uploader_id == self.user.id)).all()
        assert (sorted(left), other in left) == ([in_text, on_top], False)


class TestSomebodyWithoutJavaScript(Writer):
    def step(self, name: str, **changes: Any) -> str:
        form = {**TYPED, "key": KEY, "revision": "0", "step": name, **changes}
        return self.caller.post("/blogs/new", data=form).text

    @pytest.mark.parametrize("step", ["review", "edit"])
    def test_has_a_draft_after_each_step(self, step: str) -> None:
        page = self.step(step)
        assert (self.keys(), 'name="revision" value="1"' in page) == ([KEY], True)

    def test_has_a_draft_of_what_is_refused(self) -> None:
        self.step("review", title="")
        assert self.keys() == [KEY]

    def test_has_none_of_an_empty_form(self) -> None:
        self.step("review", title="", content="", tags="")
        assert self.keys() == []

    def test_keeps_both_texts_of_two_devices(self) -> None:
        self.step("review")
        page = self.step("review", content="Here")
        assert (len(self.keys()), f'value="{KEY}"' in page) == (2, False)

    def test_reviews_what_there_is_no_room_for(self, new_app: NewApp, client_for: ClientFor) -> None:
        self.caller = client_for(self.user, app=new_app(quota_text_bytes=1))
        assert "Please confirm your entries" in self.step("review")

    def test_reviews_under_a_key_that_no_draft_can_have(self) -> None:
        assert "Please confirm your entries" in self.step("review", key="a/b")


class TestSomebodyWhoEdits(Writer):
    @pytest.fixture(autouse=True)
    def drafted(self, logged_in: None, blog_factory: BlogFactory) -> None:
        self.blog = blog_factory(self.user, content="It was dark.")
        self.path, self.key = f"/blogs/{self.blog.id}/edit", f"edit-{self.blog.id}"
        typed = {**TYPED, "blog_id": self.blog.id, "version": 1}
        self.caller.put(f"/api/drafts/{self.key}", json=typed)

    def update(self, **changes: str) -> Any:
        return self.caller.post(self.path, data={**TYPED, "version": "1", "key": self.key, **changes})

    def test_finds_the_draft_in_the_form(self) -> None:
        page = self.caller.get(self.path).text
        assert ("It was bright." in page, "Your text is back." in page) == (True, True)

    def test_may_see_what_is_saved(self) -> None:
        page = self.caller.get(f"{self.path}?saved=").text
        assert ("It was dark." in page, "Your text is back." in page, f'value="{self.key}"' in page) == (
            True,
            False,
            False,
        )

    def test_is_told_that_the_blog_was_changed_meanwhile(self) -> None:
        self.caller.patch(f"/api/blogs/{self.blog.id}", json={"title": "Changed"})
        assert "The blog was changed meanwhile" in self.caller.get(self.path).text

    def test_has_none_after_saving(self) -> None:
        assert (self.update().status_code, self.keys()) == (303, [])

    def test_has_it_still_after_a_conflict(self) -> None:
        self.caller.patch(f"/api/blogs/{self.blog.id}", json={"title": "Changed"})
        assert (self.update().status_code, self.keys()) == (409, [self.key])

    def test_has_what_was_refused_as_a_draft(self) -> None:
        self.update(title="", content="More", revision="1")
        assert self.caller.get(f"/api/drafts/{self.key}").get_json()["content"] == "More"

    def test_goes_on_in_a_new_form_when_the_blog_is_gone(self) -> None:
        self.caller.delete(f"/api/blogs/{self.blog.id}")
        page = self.caller.get("/blogs/drafts").text
        assert f"/blogs/new?draft={self.key}" in page
        assert "It was bright." in self.caller.get(f"/blogs/new?draft={self.key}").text

    def test_finds_no_draft_of_a_key_that_is_not_there(self) -> None:
        assert self.caller.get(f"{self.path}?draft=none").status_code == 404
