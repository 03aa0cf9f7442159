"""Forged sessions, and why an app refuses one, in a word that comes first."""

from datetime import timedelta
from typing import Any

import pytest

from app.auth.queries import end_sessions
from app.db import Database
from tests.factories.session import SessionCookie, SessionFactory, login
from tests.factories.user import UserFactory
from tests.forge.session import SessionForge, Unsigned
from tests.small_apps import with_plain_sessions, with_rotated_keys, with_sessions_on_the_server


@pytest.fixture(scope="module")
def forge() -> SessionForge:
    return SessionForge(with_rotated_keys.app, lambda session, user: session.update(user=user))


class TestACookie:
    def test_has_the_apps_own_name(self, forge: SessionForge) -> None:
        assert forge("Grace").name == "small_app"

    @pytest.mark.parametrize("key", [None, with_rotated_keys.FALLBACK], ids=["the present one", "the one before"])
    def test_counts_with_every_key_of_the_app(self, forge: SessionForge, key: str | None) -> None:
        client = with_rotated_keys.app.test_client(use_cookies=False)
        assert "Hello Grace" in client.get("/", headers=forge("Grace", key=key).header).text

    def test_does_not_count_with_a_key_that_was_dropped(self, forge: SessionForge) -> None:
        client = with_rotated_keys.app.test_client(use_cookies=False)
        headers = forge("Grace", key=with_rotated_keys.RETIRED).header
        assert client.get("/", headers=headers).status_code == 401

    def test_leaves_the_app_as_it_was(self, forge: SessionForge) -> None:
        before = dict(with_rotated_keys.app.config), with_rotated_keys.app.session_interface.salt  # type: ignore[attr-defined]
        forge("Grace", key="another", salt="another", age=timedelta(days=1))
        assert before == (dict(with_rotated_keys.app.config), with_rotated_keys.app.session_interface.salt)  # type: ignore[attr-defined]


class TestAnAppWhoseSessionsAreOnItsServer:
    @pytest.fixture
    def forge(self) -> SessionForge:
        return SessionForge(with_sessions_on_the_server.app, lambda session, user: session.update(user=user))

    def test_knows_a_forged_one(self, forge: SessionForge) -> None:
        client = with_sessions_on_the_server.app.test_client(use_cookies=False)
        assert "Hello Grace" in client.get("/", headers=forge("Grace").header).text

    @pytest.mark.parametrize("signature", [{"key": "another"}, {"salt": "another"}], ids=str)
    def test_has_no_signature_to_change(self, forge: SessionForge, signature: dict[str, Any]) -> None:
        with pytest.raises(Unsigned):
            forge("Grace", **signature)

    def test_cannot_say_why(self, forge: SessionForge) -> None:
        assert forge.explain(forge("Grace")) == "The app keeps its sessions on its server, and only it knows why."


class TestTheReason:
    def of(self, forge: SessionForge, cookie: SessionCookie) -> str:
        return forge.explain(cookie)

    @pytest.mark.parametrize(
        ("age", "reason"),
        [
            (timedelta(days=32), "age: it was signed 32 days ago, and counts for 31 days."),
            (timedelta(days=-1, minutes=-1), "age: it was signed 1 day from now."),
        ],
        ids=str,
    )
    def test_may_be_its_age(self, forge: SessionForge, age: timedelta, reason: str) -> None:
        assert self.of(forge, forge("Grace", age=age)) == reason

    def test_may_be_its_key(self, forge: SessionForge) -> None:
        assert self.of(forge, forge("Grace", key="another")).startswith("key: none of the app's keys signed it")

    def test_may_be_its_salt(self, forge: SessionForge) -> None:
        expected = "salt: the app's own key signed it, with the salt 'cookie-session' for 'small-app'."
        assert self.of(forge, forge("Grace", salt="cookie-session")) == expected

    def test_may_be_its_name(self, forge: SessionForge) -> None:
        cookie = SessionForge(with_plain_sessions.app, lambda session, user: session.update(user=user))("Grace")
        assert self.of(forge, cookie) == "name: the app's cookie is called small_app, not session."

    def test_may_be_its_shape(self, forge: SessionForge) -> None:
        assert self.of(forge, SessionCookie("small_app", "nothing")) == "shape: it is not a signed value."

    def test_may_be_that_the_site_has_other_keys(self, forge: SessionForge) -> None:
        assert self.of(forge, forge("Grace")).startswith("By this suite's app it counts")


class TestTheBlogsReason:
    def test_may_be_that_there_is_no_such_user(
        self, session_factory: SessionFactory, user_factory: UserFactory, database: Database
    ) -> None:
        user = user_factory()
        with database.write() as db:
            db.delete(user)
        assert session_factory.explain(session_factory(user)) == f"no such user: nobody has the id {user.id}."

    def test_may_be_that_the_user_is_disabled(self, session_factory: SessionFactory, user_factory: UserFactory) -> None:
        user = user_factory(disabled=True)
        assert session_factory.explain(session_factory(user)) == f"disabled: the user {user.id} is."

    def test_may_be_that_it_was_logged_out(
        self, session_factory: SessionFactory, user_factory: UserFactory, database: Database
    ) -> None:
        cookie = session_factory(user := user_factory())
        with database.write() as db:
            end_sessions(db, user.id)
        assert session_factory.explain(cookie).startswith(f"epoch: it has {user.session_epoch}, and its user ")

    def test_may_be_that_the_login_was_too_long_ago(
        self, session_factory: SessionFactory, user_factory: UserFactory
    ) -> None:
        user = user_factory()
        cookie = session_factory.holding({"_user_id": str(user.id), "epoch": user.session_epoch, "iat": 1})
        assert session_factory.explain(cookie).startswith("age:")

    def test_is_none_for_one_that_counts(self, session_factory: SessionFactory, user_factory: UserFactory) -> None:
        content: dict[str, object] = {}
        login(content, user_factory())
        assert session_factory.why(content) is None
