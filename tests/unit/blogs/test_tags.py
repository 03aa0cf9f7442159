"""What blogs are filed under, and the lists of those with one tag."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.auth.models import User
from app.blogs.tags import BlogTag, tag_of, tags_in
from app.db import Database
from tests.factories.user import UserFactory
from tests.unit.blogs.answers import outcome
from tests.unit.conftest import ClientFor

pytestmark = pytest.mark.both_databases

TEXT = {"title": "T", "content": "C"}
HOSTILE = "<img src=x onerror=alert(1)>"


class TestATag:
    @pytest.mark.parametrize(
        ("typed", "tag"),
        [
            ("travel", "travel"),
            ("  Slow \n Food ", "slow food"),
            ("#Travel", "travel"),
            ("# #travel", "travel"),
            ("c#", "c#"),
            ("Cafe\u0301", "caf\u00e9"),
            ("a\0b\x7f", "a b"),
            ("", ""),
            ("#", ""),
            ("\u200b\u00ad", ""),
            ("旅行", "旅行"),
        ],
    )
    def test_is_what_the_typed_words_mean(self, typed: str, tag: str) -> None:
        assert (tag_of(typed), tag_of(tag)) == (tag, tag)

    def test_is_there_once(self) -> None:
        assert tags_in(["Travel, food,, travel", "FOOD"]) == ["travel", "food"]

    def test_may_be_as_long_as_its_column(self) -> None:
        assert tags_in(["x" * 40]) == ["x" * 40]


class Filing:
    @pytest.fixture(autouse=True)
    def logged_in(self, caller: FlaskClient, user: User, database: Database) -> None:
        self.caller, self.user, self.database = caller, user, database

    def write(self, *tags: str) -> int:
        blog = self.caller.post("/api/blogs", json={**TEXT, "tags": tags}).get_json()
        return int(blog["id"])

    def filed(self, tag: str, **query: object) -> list[int]:
        """The blogs that the list of that tag shows."""
        answer = self.caller.get("/blogs", query_string={"tag": tag, **query})
        assert answer.status_code == 200
        return [int(found) for found in re.findall(r'href="/blogs/(\d+)" aria-label="Read', answer.text)]

    def rows(self) -> list[str]:
        with self.database.read() as db:
            return sorted(db.scalars(select(BlogTag.name).where(BlogTag.owner_id == self.user.id)))


class TestABlogWithTags(Filing):
    @pytest.fixture(autouse=True)
    def written(self, logged_in: None) -> None:
        self.blog = self.write("Travel", "#slow food, travel")
        self.path = f"/api/blogs/{self.blog}"

    def test_says_them_in_their_order(self) -> None:
        assert self.caller.get(self.path).get_json()["tags"] == ["travel", "slow food"]

    def test_says_them_in_the_list(self) -> None:
        assert [blog["tags"] for blog in self.caller.get("/api/blogs").get_json()] == [["travel", "slow food"]]

    @pytest.mark.parametrize("typed", ["slow food", "Slow  Food", "#slow food"])
    def test_is_listed_by_each(self, typed: str) -> None:
        assert self.filed(typed) == [self.blog]

    @pytest.mark.parametrize("typed", ["slow", "food", "x" * 5000, "\0", "%", "'", ",", "travel, slow food"])
    def test_is_listed_by_no_other(self, typed: str) -> None:
        self.write("%")
        assert self.blog not in self.filed(typed) or not tag_of(typed)

    def test_leads_to_the_list_of_each(self) -> None:
        shown = [self.caller.get(path).text for path in ("/blogs", f"/blogs/{self.blog}")]
        link = '<a href="/blogs?tag=slow+food">slow food</a>'
        assert [text.count(link) for text in shown] == [1, 1]

    def test_keeps_them_when_something_else_changes(self) -> None:
        self.caller.patch(self.path, json={"title": "Another"})
        assert (self.filed("travel"), self.rows()) == ([self.blog], ["slow food", "travel"])

    def test_is_listed_by_those_that_it_has_now(self) -> None:
        before = self.filed("travel")
        self.caller.patch(self.path, json={"tags": ["slow food", "home"]})
        assert (before, self.filed("travel"), self.filed("home")) == ([self.blog], [], [self.blog])
        assert self.rows() == ["home", "slow food"]

    def test_may_have_them_in_another_order(self) -> None:
        changed = self.caller.patch(self.path, json={"tags": ["slow food", "travel"]}).get_json()
        assert (changed["tags"], changed["version"]) == (["slow food", "travel"], 2)

    def test_keeps_its_version_when_they_stay_as_they_are(self) -> None:
        assert self.caller.patch(self.path, json={"tags": ["Travel", "slow food"]}).get_json()["version"] == 1

    def test_is_listed_no_more_from_the_bin_and_again_when_it_is_back(self) -> None:
        self.caller.delete(self.path)
        binned = (self.filed("travel"), self.rows())
        self.caller.post(f"/blogs/bin/{self.blog}/restore")
        self.caller.get(f"/blogs/{self.blog}")
        assert (binned, self.filed("travel"), self.rows()) == (([], []), [self.blog], ["slow food", "travel"])

    def test_is_listed_as_it_was_when_a_version_is_back(self) -> None:
        self.caller.patch(self.path, json={"tags": ["home"]})
        self.caller.post(f"/blogs/{self.blog}/versions/1/restore")
        self.caller.get(f"/blogs/{self.blog}")
        assert (self.filed("travel"), self.filed("home")) == ([self.blog], [])

    def test_shows_them_to_its_reader_without_a_way_into_their_own(
        self, client_for: ClientFor, user_factory: UserFactory
    ) -> None:
        reader = user_factory()
        self.caller.post(f"{self.path}/shares", json={"email": reader.email})
        reading = client_for(reader)
        shown = [reading.get(path).text for path in ("/blogs/shared", f"/blogs/{self.blog}")]
        assert [("slow food</li>" in text, "?tag=" in text) for text in shown] == [(True, False)] * 2

    def test_is_listed_by_them_for_nobody_else(self, client_for: ClientFor, user_factory: UserFactory) -> None:
        reader = user_factory()
        self.caller.post(f"{self.path}/shares", json={"email": reader.email})
        self.caller = client_for(reader)
        own = self.write("travel")
        assert self.filed("travel") == [own]


class TestASecondReadingOfATag(Filing):
    @pytest.fixture(autouse=True)
    def read(self, logged_in: None) -> None:
        self.write("travel")
        self.first = self.caller.get("/blogs?tag=travel")

    def test_is_answered_from_the_cache(self) -> None:
        answer = self.caller.get("/blogs?tag=Travel", headers={"If-None-Match": self.first.headers["ETag"]})
        assert (answer.status_code, answer.headers["X-Cache"]) == (304, "hit")

    def test_is_another_one_after_a_write(self) -> None:
        self.write("travel")
        answer = self.caller.get("/blogs?tag=travel", headers={"If-None-Match": self.first.headers["ETag"]})
        assert (answer.status_code, answer.headers["X-Cache"]) == (200, "miss")


class TestALongListByTag(Filing):
    @pytest.fixture(autouse=True)
    def written(self, logged_in: None) -> None:
        self.even = [self.write("even" if number % 2 == 0 else "odd") for number in range(50)][::2][::-1]

    def test_goes_on_with_the_older_ones_of_that_tag(self) -> None:
        page = self.caller.get("/blogs?tag=even")
        link = re.search(r'class="btn plain older" href="([^"]+)"', page.text)
        assert link
        assert link[1] == f"/blogs?tag=even&amp;after={self.even[19]}"
        assert (self.filed("even"), self.filed("even", after=self.even[19])) == (self.even[:20], self.even[20:])

    def test_leads_back_to_the_newest_of_that_tag(self) -> None:
        assert 'href="/blogs?tag=even">Newest' in self.caller.get(f"/blogs?tag=even&after={self.even[19]}").text


class TestAListByTagAsJson(Filing):
    @pytest.fixture(autouse=True)
    def written(self, logged_in: None) -> None:
        self.blogs = [self.write(tag) for tag in ("a b", "c", "a b", "a b")]

    def ids(self, address: str) -> tuple[list[int], str | None]:
        answer = self.caller.get(address)
        return [blog["id"] for blog in answer.get_json()], answer.headers.get("Link")

    def test_has_those_with_the_tag(self) -> None:
        assert self.ids("/api/blogs?tag=A+b")[0] == [self.blogs[place] for place in (3, 2, 0)]

    @pytest.mark.parametrize("tag", ["", "%23", "x" * 5000])
    def test_has_none_for_what_is_no_tag(self, tag: str) -> None:
        assert self.ids(f"/api/blogs?tag={tag}") == ([], None)

    def test_leads_on_within_the_tag(self) -> None:
        _, link = self.ids("/api/blogs?limit=2&tag=a+b")
        assert link == f'</api/blogs?tag=a+b&limit=2&after={self.blogs[2]}>; rel="next"'
        assert self.ids(f"/api/blogs?tag=a+b&limit=2&after={self.blogs[2]}")[0] == [self.blogs[0]]


class TestATagThatNoBlogHas(Filing):
    def test_says_so(self) -> None:
        assert "No blog has this tag." in self.caller.get("/blogs?tag=travel").text


class TestATagThatLooksLikeMarkup(Filing):
    @pytest.mark.parametrize(
        "path", ["/blogs", f"/blogs?tag={HOSTILE}", "/blogs/{}", "/blogs/{}/edit", "/blogs/{}/versions/1"]
    )
    def test_is_shown_as_it_was_typed(self, path: str) -> None:
        blog = self.write(HOSTILE)
        self.caller.patch(f"/api/blogs/{blog}", json={"title": "Another"})
        text = self.caller.get(path.format(blog)).text
        assert (HOSTILE in text, "&lt;img src=x" in text or "&lt;</" in text) == (False, True)


class TestAFormWithTags(Filing):
    def send(self, step: str, **changes: str) -> str:
        form = {**TEXT, "tags": "Travel, #food", "step": step, "key": "1", **changes}
        return self.caller.post("/blogs/new", data=form).text

    def test_shows_them_at_the_review(self) -> None:
        text = self.send("review")
        assert [f"{tag}</li>" in text for tag in ("travel", "food")] == [True, True]

    def test_keeps_them_as_typed_on_the_way_back(self) -> None:
        assert 'value="Travel, #food"' in self.send("edit")

    def test_saves_them(self) -> None:
        self.send("save")
        assert [blog["tags"] for blog in self.caller.get("/api/blogs").get_json()] == [["travel", "food"]]

    @pytest.mark.parametrize(
        ("typed", "problem"),
        [("x" * 41, "Use at most 40 characters for a tag"), (",".join(map(str, range(21))), "Use at most 20 tags")],
    )
    def test_says_what_is_wrong_and_keeps_them(self, typed: str, problem: str) -> None:
        text = self.send("review", tags=typed)
        assert (f'value="{typed}"' in text, problem in text) == (True, True)

    def test_of_an_edit_shows_and_changes_them(self) -> None:
        blog = self.write("travel", "food")
        path = f"/blogs/{blog}/edit"
        shown = 'value="travel, food"' in self.caller.get(path).text
        self.caller.post(path, data={**TEXT, "tags": "food", "version": "1"})
        assert (shown, self.caller.get(f"/api/blogs/{blog}").get_json()["tags"]) == (True, ["food"])

    def test_of_an_edit_keeps_what_breaks_a_rule(self) -> None:
        path = f"/blogs/{self.write('travel')}/edit"
        text = self.caller.post(path, data={**TEXT, "tags": "x" * 41, "version": "1"}).text
        assert ("Use at most 40 characters for a tag" in text, f'value="{"x" * 41}"' in text) == (True, True)

    def test_from_before_there_were_tags_leaves_them(self) -> None:
        blog = self.write("travel")
        self.caller.post(f"/blogs/{blog}/edit", data={**TEXT, "title": "Another", "version": "1"})
        assert self.caller.get(f"/api/blogs/{blog}").get_json()["tags"] == ["travel"]


class TestSentAgain(Filing):
    def post(self, **changes: object) -> tuple[int, dict[str, object]]:
        answer = self.caller.post("/api/blogs", json={**TEXT, **changes}, headers={"Idempotency-Key": "one"})
        return outcome(answer)

    def test_with_the_same_tags_it_is_the_same_blog(self) -> None:
        first, again = self.post(tags=["a"])[1], self.post(tags=["A"])[1]
        assert first["id"] == again["id"]

    def test_with_other_tags_it_is_refused(self) -> None:
        self.post(tags=["a"])
        assert self.post(tags=["b"])[0] == 422
