"""Lists by pages, in the API and as people see them."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.models import User
from app.db import MAX_ID, Database
from tests.factories.blog import BlogFactory
from tests.factories.many import many_blogs, many_shares
from tests.factories.user import UserFactory
from tests.unit.blogs.answers import outcome

LISTS = ["/api/blogs", "/api/shared", "/api/blogs/{blog}/shares"]
ODD_PAGES = ["", "0", "-1", "+1", "01", "1.0", "1e3", "abc", "%00", "%ff", " 1", "1_0", "9" * 400, str(2**63), "\uff11"]
ID_OF_THE_LAST = "Use the id of the last one that you have"


class Lists(NamedTuple):
    """What its owner sees by pages: the ids of each list, and of the blog that has so many shares."""

    owner: User
    blog: int
    ids: dict[str, list[int]]


@pytest.fixture(scope="module")
def lists(user_factory: UserFactory, database: Database) -> Lists:
    """Somebody with 60 blogs, 60 that others share with them, and 60 shares of one blog; nobody changes them."""
    owner = user_factory()
    shared = many_blogs(database, user_factory(), 60, shared_with=owner)
    own = many_blogs(database, owner, 60)
    return Lists(owner, own[0], dict(zip(LISTS, (own, shared, many_shares(database, own[0], 60)), strict=True)))


def links(answer: TestResponse) -> dict[str, str]:
    """The addresses of an answer's Link header, by relation."""
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {relation: address for address, relation in found}


def followed(caller: FlaskClient, path: str | None) -> Iterator[list[int]]:
    """The ids on each page, from that address to the last that has a next one."""
    while path:
        answer = caller.get(path)
        yield [row["id"] for row in answer.get_json()]
        path = links(answer).get("next")


class WithThreeLists:
    @pytest.fixture
    def user(self, lists: Lists) -> User:
        return lists.owner

    @pytest.fixture(autouse=True)
    def written(self, lists: Lists) -> None:
        self.blog, self.ids = lists.blog, lists.ids


@pytest.mark.parametrize("path", LISTS)
class TestAListOfTheApi(WithThreeLists):
    def test_has_the_fifty_newest(self, caller: FlaskClient, path: str) -> None:
        rows = caller.get(path.format(blog=self.blog)).get_json()
        assert [row["id"] for row in rows] == self.ids[path][:9:-1]

    def test_has_as_many_as_are_asked_for(self, caller: FlaskClient, path: str) -> None:
        rows = caller.get(f"{path}?limit=60".format(blog=self.blog)).get_json()
        assert [row["id"] for row in rows] == self.ids[path][::-1]

    @pytest.mark.parametrize("query", ["", "?limit=7", "?limit=20", "?limit=200"])
    def test_is_whole_when_the_links_are_followed(self, caller: FlaskClient, path: str, query: str) -> None:
        pages = list(followed(caller, f"{path}{query}".format(blog=self.blog)))
        assert [row for page in pages for row in page] == self.ids[path][::-1]

    def test_links_to_the_next_page(self, caller: FlaskClient, path: str) -> None:
        address = path.format(blog=self.blog)
        last = self.ids[path][-7]
        assert links(caller.get(f"{address}?limit=7")) == {"next": f"{address}?limit=7&after={last}"}

    def test_links_to_the_first_page_from_a_later_one(self, caller: FlaskClient, path: str) -> None:
        address = path.format(blog=self.blog)
        last = self.ids[path][6]
        assert links(caller.get(f"{address}?limit=7&after={last}")) == {"first": f"{address}?limit=7"}

    def test_links_to_no_page_where_there_is_one(self, caller: FlaskClient, path: str) -> None:
        assert "Link" not in caller.get(f"{path}?limit=60".format(blog=self.blog)).headers

    def test_is_empty_after_the_last(self, caller: FlaskClient, path: str) -> None:
        answer = caller.get(f"{path}?after={self.ids[path][0]}".format(blog=self.blog))
        assert (outcome(answer), "next" in links(answer)) == ((200, []), False)

    def test_begins_at_the_newest_after_the_greatest_id(self, caller: FlaskClient, path: str) -> None:
        rows = caller.get(f"{path}?limit=1&after={MAX_ID}".format(blog=self.blog)).get_json()
        assert [row["id"] for row in rows] == self.ids[path][-1:]


@pytest.mark.parametrize("path", LISTS)
class TestAPageOfTheApiThatIsNone(WithThreeLists):
    @pytest.mark.parametrize("value", [*ODD_PAGES, "201"])
    def test_by_its_limit_is_refused(self, caller: FlaskClient, path: str, value: str) -> None:
        status, answer = outcome(caller.get(f"{path}?limit={value}".format(blog=self.blog)))
        assert (status, answer["fields"]) == (422, {"limit": "Use a whole number from 1 to 200"})

    @pytest.mark.parametrize("value", ODD_PAGES)
    def test_by_its_place_is_refused(self, caller: FlaskClient, path: str, value: str) -> None:
        status, answer = outcome(caller.get(f"{path}?after={value}".format(blog=self.blog)))
        assert (status, answer["fields"]) == (422, {"after": ID_OF_THE_LAST})

    @pytest.mark.parametrize("query", ["page=2", "Limit=7", "after=7&offset=1"])
    def test_by_another_parameter_is_refused(self, caller: FlaskClient, path: str, query: str) -> None:
        status, answer = outcome(caller.get(f"{path}?{query}".format(blog=self.blog)))
        assert (status, [*answer["fields"].values()]) == (422, ["There is no such parameter"])


class TestATextInAList:
    def listed(self, caller: FlaskClient, content: str) -> dict[str, Any]:
        caller.post("/api/blogs", json={"title": "T", "content": content})
        (blog,) = caller.get("/api/blogs").get_json()
        return {name: blog[name] for name in ("content", "content_truncated")}

    @pytest.mark.parametrize("letter", ["x", "é", "語", "🖋"])
    @pytest.mark.parametrize(("length", "truncated"), [(499, False), (500, False), (501, True), (10_000, True)])
    def test_is_cut_after_500_characters(self, caller: FlaskClient, letter: str, length: int, truncated: bool) -> None:
        blog = self.listed(caller, letter * length)
        assert blog == {"content": letter * min(length, 500), "content_truncated": truncated}

    def test_is_cut_in_what_is_shared_too(
        self, caller: FlaskClient, user: User, user_factory: UserFactory, blog_factory: BlogFactory
    ) -> None:
        blog_factory(user_factory(), shared_with=user, content="x" * 501)
        (blog,) = caller.get("/api/shared").get_json()
        assert (blog["content"], blog["content_truncated"]) == ("x" * 500, True)

    def test_is_whole_by_itself(self, caller: FlaskClient, user: User, blog_factory: BlogFactory) -> None:
        blog = caller.get(f"/api/blogs/{blog_factory(user, content='x' * 10_000).id}").get_json()
        assert (len(blog["content"]), "content_truncated" in blog) == (10_000, False)


def hrefs(answer: TestResponse, label: str) -> dict[str, str]:
    """The links of the page's pager of that name: words to address."""
    found = re.search(rf'<nav class="pager" aria-label="{label}">(.*?)</nav>', answer.text, re.DOTALL)
    pairs = re.findall(r'href="([^"]*)"[^>]*>(\w+)<', found[1]) if found else []
    return {words: address.replace("&amp;", "&") for address, words in pairs}


def read_links(answer: TestResponse) -> list[int]:
    return [int(found) for found in re.findall(r'href="/blogs/(\d+)"', answer.text)]


OWN, SHARED, SHARES = "Pages of my blogs", "Pages of what is shared with me", "Pages of those this blog is shared with"


class TestThePagesOfBlogs(WithThreeLists):
    @pytest.fixture(autouse=True, params=["/blogs", "/blogs/shared"])
    def opened(self, request: pytest.FixtureRequest, written: None, caller: FlaskClient) -> None:
        own, shared, _shares = (ids[::-1] for ids in self.ids.values())
        self.address: str = request.param
        self.blogs, self.label = (own, OWN) if self.address == "/blogs" else (shared, SHARED)
        self.page = caller.get(self.address)

    def test_show_the_newest(self) -> None:
        assert read_links(self.page) == self.blogs[:20]

    def test_lead_to_older_ones(self) -> None:
        assert hrefs(self.page, self.label) == {"Older": f"{self.address}?after={self.blogs[19]}"}

    def test_go_on_with_older_ones(self, caller: FlaskClient) -> None:
        assert read_links(caller.get(hrefs(self.page, self.label)["Older"])) == self.blogs[20:40]

    def test_end_with_the_oldest(self, caller: FlaskClient) -> None:
        last = caller.get(f"{self.address}?after={self.blogs[39]}")
        assert (read_links(last), hrefs(last, self.label)) == (self.blogs[40:], {"Newest": self.address})

    def test_say_that_there_is_nothing_after_the_oldest(self, caller: FlaskClient) -> None:
        beyond = caller.get(f"{self.address}?after={self.blogs[-1]}")
        assert (beyond.status_code, read_links(beyond), "There are no older blogs." in beyond.text) == (200, [], True)

    def test_do_not_mind_what_others_put_into_their_address(self, caller: FlaskClient) -> None:
        assert read_links(caller.get(f"{self.address}?utm_source=x")) == read_links(self.page)


class TestThePageOfAFewBlogs:
    def test_has_no_pager(self, caller: FlaskClient, user: User, database: Database) -> None:
        many_blogs(database, user, 20)
        page = caller.get("/blogs")
        assert (len(read_links(page)), "pager" in page.text) == (20, False)


class TestThePagesOfWhatWasFound:
    @pytest.fixture(autouse=True)
    def searched(self, caller: FlaskClient, user: User, blog_factory: BlogFactory) -> None:
        self.blogs = [blog_factory(user, title=f"Lamp {number}").id for number in range(21)][::-1]
        self.page = caller.get("/blogs/search?q=lamp")

    def test_show_the_newest(self) -> None:
        assert read_links(self.page) == self.blogs[:20]

    def test_lead_to_older_ones(self, caller: FlaskClient) -> None:
        older = caller.get(hrefs(self.page, "Pages of what was found")["Older"])
        assert read_links(older) == self.blogs[20:]

    def test_say_so_when_nothing_was(self, caller: FlaskClient) -> None:
        assert "Nothing found for “<bdi>candle</bdi>”." in caller.get("/blogs/search?q=candle").text

    def test_ask_for_words_where_there_are_none(self, caller: FlaskClient) -> None:
        assert "What are you looking for?" in caller.get("/blogs/search?q=%20%20").text


class TestThePageOfABlogSharedWithMany(WithThreeLists):
    @pytest.fixture(autouse=True)
    def opened(self, written: None, caller: FlaskClient) -> None:
        self.address = f"/blogs/{self.blog}"
        self.shares = self.ids[LISTS[2]][::-1]
        self.page = caller.get(self.address)

    def shown(self, page: TestResponse) -> list[int]:
        return [int(found) for found in re.findall(r"/shares/(\d+)/delete", page.text)]

    def test_shows_the_newest_shares(self) -> None:
        assert self.shown(self.page) == self.shares[:20]

    def test_leads_to_older_ones(self, caller: FlaskClient) -> None:
        assert self.shown(caller.get(hrefs(self.page, SHARES)["Older"])) == self.shares[20:40]

    def test_leads_back_to_the_newest(self, caller: FlaskClient) -> None:
        last = caller.get(f"{self.address}?after={self.shares[39]}")
        assert (self.shown(last), hrefs(last, SHARES)) == (self.shares[40:], {"Newest": f"{self.address}#shares"})

    def test_says_that_there_is_nothing_after_the_oldest(self, caller: FlaskClient) -> None:
        beyond = caller.get(f"{self.address}?after={self.shares[-1]}")
        assert (beyond.status_code, "There are no older ones." in beyond.text) == (200, True)


class TestAPageAtAPlaceThatIsNone(WithThreeLists):
    @pytest.mark.parametrize("value", ODD_PAGES)
    @pytest.mark.parametrize(
        ("path", "name"), [("", "after"), ("/shared", "after"), ("/search", "after"), ("/{blog}", "after")]
    )
    def test_is_refused(self, caller: FlaskClient, path: str, name: str, value: str) -> None:
        path = path.format(blog=self.blog)
        answer = caller.get(f"/blogs{path}?after={value}")
        assert (answer.status_code, f"after: {ID_OF_THE_LAST}" in answer.text) == (422, True)


class TestAnExcerptOnAPage:
    def excerpt(self, caller: FlaskClient, content: str) -> str:
        caller.post("/api/blogs", json={"title": "T", "content": content})
        found = re.search("<p dir=.auto.>(.*?)</p>", caller.get("/blogs").text, re.DOTALL)
        assert found
        return found[1]

    def test_is_the_whole_of_a_short_text(self, caller: FlaskClient) -> None:
        assert self.excerpt(caller, "語" * 280) == "語" * 280

    def test_ends_with_a_whole_word_and_dots(self, caller: FlaskClient) -> None:
        assert self.excerpt(caller, "word " * 100) == "word " * 54 + "word..."

    def test_is_cut_within_a_word_that_has_no_end(self, caller: FlaskClient) -> None:
        assert self.excerpt(caller, "x" * 281) == "x" * 277 + "..."
