"""What is sent a second time is saved once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from app.attachments.models import Attachment
from app.auth.models import User
from app.blogs.models import Blog
from app.db import Database
from tests.factories.picture import PICTURE
from tests.factories.user import UserFactory
from tests.unit.attachments.uploader import Uploader
from tests.unit.blogs.answers import outcome
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

TYPED = {"title": "First light", "content": "It was bright."}
REUSED = {"error": "This key was used before, for other content. Send what is new with a key of its own."}
AT_ONCE = 6


def rows(database: Database, user: User) -> int:
    with database.read() as db:
        return db.scalar(select(func.count()).select_from(Blog).where(Blog.owner_id == user.id)) or 0


def post(caller: FlaskClient, key: str | None, **changes: object) -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return caller.post("/api/blogs", json={**TYPED, **changes}, headers=headers)


def key_of(page: TestResponse) -> str:
    found = re.search(r'name="key" value="([^"]*)"', page.text)
    assert found
    return found[1]


def at_once(act: Callable[[], TestResponse]) -> list[TestResponse]:
    start = Barrier(AT_ONCE)

    def wait_and_act(_turn: int) -> TestResponse:
        start.wait(30)
        return act()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(wait_and_act, range(AT_ONCE)))


class TestABlogSentAgainWithItsKey:
    @pytest.fixture(autouse=True)
    def sent_twice(self, caller: FlaskClient) -> None:
        self.key = str(uuid4())
        self.first, self.second = post(caller, self.key), post(caller, self.key)

    def test_is_answered_as_the_first_time(self) -> None:
        assert (self.first.status_code, outcome(self.second)) == (201, outcome(self.first))

    def test_is_there_once(self, database: Database, user: User) -> None:
        assert rows(database, user) == 1

    def test_may_have_its_key_in_quotes(self, caller: FlaskClient) -> None:
        assert outcome(post(caller, f'"{self.key}"')) == outcome(self.first)

    @pytest.mark.parametrize("change", [{"title": "Last light"}, {"content": "It was dark."}])
    def test_is_refused_with_other_content(
        self, caller: FlaskClient, database: Database, user: User, change: dict[str, str]
    ) -> None:
        assert (outcome(post(caller, self.key, **change)), rows(database, user)) == ((422, REUSED), 1)

    def test_is_known_after_it_was_changed(self, caller: FlaskClient) -> None:
        blog_id = self.first.get_json()["id"]
        caller.patch(f"/api/blogs/{blog_id}", json={"title": "Later"})
        answer = post(caller, self.key)
        assert (answer.status_code, answer.get_json()["title"]) == (201, "Later")

    def test_is_another_for_somebody_else(
        self, client_for: ClientFor, user_factory: UserFactory, database: Database
    ) -> None:
        other = user_factory()
        answer = post(client_for(other), self.key)
        assert (answer.status_code, rows(database, other)) == (201, 1)


class TestABlogSentAtOnceWithOneKey:
    def test_is_there_once_and_is_all_answers(self, caller: FlaskClient, database: Database, user: User) -> None:
        key = str(uuid4())
        answers = {(answer.status_code, answer.get_json()["id"]) for answer in at_once(lambda: post(caller, key))}
        assert (len(answers), rows(database, user)) == (1, 1)


class TestTwoBlogsOfOneKey:
    def test_are_refused_by_the_database(self, database: Database, user: User) -> None:
        with pytest.raises(IntegrityError), database.write() as db:
            db.add_all(Blog(owner_id=user.id, **TYPED, client_key="one") for _ in range(2))


class TestABlogWithoutAKey:
    def test_is_another_each_time(self, caller: FlaskClient, database: Database, user: User) -> None:
        post(caller, None), post(caller, None)
        assert rows(database, user) == 2


class TestAKeyThatIsNone:
    @pytest.mark.parametrize("key", ["a" * 101, "two words", "ä", '"', 'a"b'])
    def test_is_refused(self, caller: FlaskClient, key: str) -> None:
        assert post(caller, key).status_code == 400


class TestAForm:
    @pytest.fixture(autouse=True)
    def at_the_form(self, caller: FlaskClient) -> None:
        self.shown = key_of(caller.get("/blogs/new"))

    def send(self, caller: FlaskClient, step: str, **changes: str) -> TestResponse:
        return caller.post("/blogs/new", data={**TYPED, "step": step, "key": self.shown, **changes})

    def test_has_a_key_of_its_own(self, caller: FlaskClient) -> None:
        assert len({self.shown, key_of(caller.get("/blogs/new")), ""}) == 3

    @pytest.mark.parametrize("step", ["review", "edit"])
    def test_keeps_its_key_at_every_step(self, caller: FlaskClient, step: str) -> None:
        assert key_of(self.send(caller, step)) == self.shown

    def test_keeps_its_key_when_something_was_wrong(self, caller: FlaskClient) -> None:
        assert key_of(self.send(caller, "review", title="")) == self.shown

    def test_saved_twice_is_one_blog(self, caller: FlaskClient, database: Database, user: User) -> None:
        statuses = [self.send(caller, "save").status_code for _ in range(2)]
        assert (statuses, rows(database, user)) == ([303, 303], 1)

    def test_saved_at_once_is_one_blog(self, caller: FlaskClient, database: Database, user: User) -> None:
        statuses = {answer.status_code for answer in at_once(lambda: self.send(caller, "save"))}
        assert (statuses, rows(database, user)) == ({303}, 1)

    class TestSavedAgainWithOtherWords:
        @pytest.fixture(autouse=True)
        def saved_again(self, caller: FlaskClient) -> None:
            data = {"step": "save", "key": key_of(caller.get("/blogs/new"))}
            caller.post("/blogs/new", data={**TYPED, **data})
            self.answer = caller.post("/blogs/new", data={**TYPED, **data, "content": "It was dark."})

        def test_is_shown_again_with_them(self) -> None:
            assert (self.answer.status_code, "It was dark." in self.answer.text) == (422, True)

        def test_says_why(self) -> None:
            assert "This form was saved before, with other content." in self.answer.text

        def test_may_be_saved_as_a_new_one(self, caller: FlaskClient, database: Database, user: User) -> None:
            data = {**TYPED, "content": "It was dark.", "step": "save", "key": key_of(self.answer)}
            assert (caller.post("/blogs/new", data=data).status_code, rows(database, user)) == (303, 2)


class TestAFileDeclaredAgainWithItsKey:
    @pytest.fixture(autouse=True)
    def declared_twice(self, uploader: Uploader) -> None:
        self.key = str(uuid4())
        self.first, self.second = (uploader.declare(PICTURE, self.key) for _ in range(2))

    def test_is_the_same_attachment(self) -> None:
        first, second = self.first.get_json(), self.second.get_json()
        assert (self.second.status_code, second["id"], second["key"]) == (201, first["id"], first["key"])

    def test_can_be_sent_by_the_second_answer(self, uploader: Uploader) -> None:
        uploader.upload(self.second.get_json(), PICTURE)
        assert uploader.finish(self.first.get_json()["id"]).status_code == 200

    def test_is_refused_when_it_is_another(self, uploader: Uploader) -> None:
        assert outcome(uploader.declare(b"no picture", self.key)) == (422, REUSED)

    def test_is_there_once(self, uploader: Uploader, database: Database) -> None:
        with database.read() as db:
            mine = select(func.count()).select_from(Attachment).where(Attachment.uploader_id == uploader.user.id)
            assert db.scalar(mine) == 1
