"""Lists that only pages show: each is read by twenty, and is whole when its links are followed."""

import re

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.db import Database
from tests.factories.blog import BlogFactory
from tests.factories.many import many_drafts, many_in_the_bin, many_versions

pytestmark = pytest.mark.both_databases

ALL = 45
BY_TWENTY = [list(range(45, 25, -1)), list(range(25, 5, -1)), list(range(5, 0, -1))]


def titles(caller: FlaskClient, path: str) -> list[list[int]]:
    """The numbers in the titles on each page, from that address to the last that has an older one."""
    page = caller.get(path).text
    found = [int(number) for number in re.findall(r"Title (\d+)[.]<", page)]
    older = re.search(r'class="btn plain older" href="([^"]+)"', page)
    return [found, *(titles(caller, older[1]) if older else [])]


class TestSomebodyWithMany:
    def test_versions_reads_them_by_pages(
        self, caller: FlaskClient, database: Database, user: User, blog_factory: BlogFactory
    ) -> None:
        blog = blog_factory(user)
        many_versions(database, user, blog.id, ALL)
        assert titles(caller, f"/blogs/{blog.id}/versions") == BY_TWENTY

    def test_blogs_in_the_bin_reads_them_by_pages(self, caller: FlaskClient, database: Database, user: User) -> None:
        many_in_the_bin(database, user, ALL)
        assert titles(caller, "/blogs/bin") == BY_TWENTY

    def test_drafts_reads_them_by_pages(self, caller: FlaskClient, database: Database, user: User) -> None:
        many_drafts(database, user, ALL)
        assert titles(caller, "/blogs/drafts") == BY_TWENTY


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/blogs/bin", "There is nothing older in the bin."),
        ("/blogs/drafts", "There are no older drafts."),
        ("/blogs/{id}/versions", "There are no earlier versions than those."),
    ],
)
class TestAPageBehindTheLast:
    def test_says_so(
        self, caller: FlaskClient, user: User, blog_factory: BlogFactory, path: str, sentence: str
    ) -> None:
        assert sentence in caller.get(f"{path}?after=1".format(id=blog_factory(user).id)).text
