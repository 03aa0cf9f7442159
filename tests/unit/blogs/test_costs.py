"""What lists cost does not grow with what people write: statements, and bytes of an answer."""

import pytest
from sqlalchemy import text

from app.auth.guard import Visitor
from app.auth.models import User
from app.blogs.models import Blog
from app.blogs.queries import blogs_by, blogs_shared_with, cards_by, cards_shared_with
from app.cache import Page, Scope, bump
from app.db import Database
from tests.factories.attachment import AttachmentFactory
from tests.factories.many import many_blogs, many_shares
from tests.factories.user import UserFactory
from tests.unit.conftest import ClientFor
from tests.unit.cost import counted

# How many statements each route runs when nothing is cached, and when all is that may be. One is the user's row.
ROUTES = {
    "/api/blogs": (2, 1),
    "/blogs": (2, 1),
    "/blogs?tag=every": (2, 1),
    "/api/blogs?tag=every": (2, 1),
    "/blogs/shared": (2, 2),
    "/api/shared": (2, 2),
    "/api/blogs/{blog}": (2, 1),
    "/blogs/{blog}": (3, 2),
    "/api/blogs/{shared}": (3, 2),
    "/blogs/{shared}": (3, 2),
    "/api/blogs/{blog}/shares": (3, 2),
}
MOST_BYTES = 60_000


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("count", [3, 30])
class TestARoute:
    @pytest.fixture(autouse=True)
    def written(
        self,
        count: int,
        path: str,
        client_for: ClientFor,
        user_factory: UserFactory,
        attachment_factory: AttachmentFactory,
        database: Database,
    ) -> None:
        """Somebody has so many blogs, so many that others share, and shares one with so many; some have files."""
        user, other = user_factory(), user_factory()
        own = many_blogs(database, user, count, tags=["every"])
        shared = many_blogs(database, other, count, shared_with=user)
        many_shares(database, own[0], count)
        with database.read() as db:
            attachment_factory(user, db.get_one(Blog, own[0]))
            attachment_factory(other, db.get_one(Blog, shared[0]))
        self.caller, self.database = client_for(user), database
        self.address = path.format(blog=own[0], shared=shared[0])

    def statements(self) -> int:
        with counted(self.database) as cost:
            assert self.caller.get(self.address).status_code == 200
        return len([statement for statement in cost.statements if not statement.startswith("BEGIN")])

    def test_asks_the_database_as_often_whatever_there_is(self, path: str) -> None:
        assert (self.statements(), self.statements()) == ROUTES[path]


@pytest.fixture(scope="module")
def writer(user_factory: UserFactory, database: Database) -> User:
    """Somebody with 2,000 blogs of their own and 2,000 that are shared with them, all with the longest titles."""
    user, other = user_factory(), user_factory(name="N" * 200)
    for owner in (user, other):
        write_many(database, owner, 2000)
    with database.write() as db:
        shares = "SELECT id, :email, created_at FROM blogs WHERE owner_id = :id"
        db.execute(
            text(f"INSERT INTO shares (blog_id, email, created_at) {shares}"), {"email": user.email, "id": other.id}
        )
    return user


def write_many(database: Database, owner: User, count: int) -> None:
    """As text, in one go: the newest as long as may be."""
    statement = text(
        "INSERT INTO blogs (owner_id, title, content, version, created_at, updated_at)"
        " SELECT id, :title, :content, 1, created_at, created_at FROM users WHERE id = :id"
    )
    lengths = [1_000] * (count - 200) + [100_000] * 200
    with database.write() as db:
        db.execute(statement, [{"id": owner.id, "title": "T" * 200, "content": "C" * length} for length in lengths])
        bump(db.connection(), User.cache_version, owner.id)


class TestAList:
    @pytest.fixture(autouse=True)
    def known(self, client_for: ClientFor, writer: User) -> None:
        scope = Scope("users", writer.id, writer.cache_version)
        reader = Visitor(writer.id, writer.name, writer.email, writer.email_verified, scope)
        page = Page(20)
        self.reads = {
            "blogs_by": blogs_by(scope, page),
            "cards_by": cards_by(scope, page),
            "blogs_shared": blogs_shared_with(reader, page),
            "cards_shared": cards_shared_with(reader, page),
        }

    @pytest.mark.parametrize("name", ["blogs_by", "blogs_shared"])
    def test_reads_a_row_and_a_letter_more_than_it_has(self, database: Database, name: str) -> None:
        read = self.reads[name]
        with database.engine.connect() as connection:
            rows = connection.execute(read.query.statement, dict(read.parameters)).all()
        assert [len(row.content) for row in rows] == [501] * 21

    @pytest.mark.parametrize("name", ["cards_by", "cards_shared"])
    def test_reads_no_text_for_a_page(self, name: str) -> None:
        assert "blogs.content" not in str(self.reads[name].query.statement)


@pytest.mark.parametrize("path", ["/api/blogs", "/api/shared", "/blogs"])
class TestAnAnswerToSomebodyWithThousandsOfLongBlogs:
    @pytest.fixture(autouse=True)
    def asked(self, client_for: ClientFor, writer: User, path: str) -> None:
        self.caller = client_for(writer)
        self.answer = self.caller.get(path)

    def test_is_small(self) -> None:
        assert (self.answer.status_code, len(self.answer.data) < MOST_BYTES) == (200, True), len(self.answer.data)

    def test_is_as_small_further_down(self, path: str, database: Database, writer: User) -> None:
        query = text("SELECT blog_id FROM shares WHERE email = :email ORDER BY blog_id LIMIT 1 OFFSET 1000")
        with database.read() as db:
            middle = db.scalar(query, {"email": writer.email})
        further = self.caller.get(f"{path}?after={middle}")
        assert (further.status_code, len(further.data) < MOST_BYTES) == (200, True), len(further.data)
