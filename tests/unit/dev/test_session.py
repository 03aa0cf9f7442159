import json
import os
import shlex
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Playwright

from app.auth.models import User
from app.auth.oidc import Identity
from app.auth.queries import find_or_create_user
from app.config import Settings
from app.db import Database
from dev import session
from dev.people import Person
from dev.steps import SetupError
from tests.e2e.live_server import LiveBlog, live_blog
from tests.factories.user import UserFactory

pytestmark = pytest.mark.programs

PORT = 9400
ISSUER = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a blog that `bin/run` has served, with its own sign-in provider."""
    (tmp_path / "provider-port").write_text(str(PORT))
    return settings.model_copy(update={"instance_dir": tmp_path, "oidc_client_id": ""})


@pytest.fixture
def there(settings: Settings) -> Settings:
    """The settings of a deployed site."""
    site = {"app_env": "production", "base_url": "https://blog.example", "oidc_issuer": "https://accounts.example"}
    return settings.model_copy(update=site)


def user_at_login(database: Database, email: str) -> User:
    """Who somebody is that signs in with that e-mail at the local provider."""
    claims = Person("Mary Shelley", email).claims("openid email profile")
    with database.write() as db:
        return find_or_create_user(db, Identity(ISSUER, claims["sub"], claims["name"], email, True))


def whoami(client: FlaskClient, name: str, value: str) -> Any:
    return client.get("/api/current_user", headers={"Cookie": f"{name}={value}"}).get_json()


class TestInDevelopment:
    def test_somebody_new_is_logged_in(self, here: Settings, client: FlaskClient, email: str) -> None:
        assert whoami(client, *session.signed(here, email))["email"] == email

    def test_somebody_new_is_the_same_at_their_first_login(
        self, here: Settings, client: FlaskClient, database: Database, email: str
    ) -> None:
        made = whoami(client, *session.signed(here, email))["id"]
        assert user_at_login(database, email).id == made

    def test_somebody_known_keeps_their_name(
        self, here: Settings, client: FlaskClient, database: Database, email: str
    ) -> None:
        user = user_at_login(database, email)
        known = {"id": user.id, "name": "Mary Shelley", "email": email}
        assert whoami(client, *session.signed(here, email)) == known

    def test_a_clone_that_never_ran_is_told_of_bin_run(self, here: Settings, email: str) -> None:
        (here.instance_dir / "provider-port").unlink()
        with pytest.raises(SetupError, match=r"^There is no blog here yet: start it once, with bin/run\.\Z"):
            session.signed(here, email)

    def test_a_database_without_tables_is_told_of_bin_run(self, here: Settings, email: str) -> None:
        empty = here.model_copy(update={"database_url": f"sqlite:///{here.instance_dir}/empty.db"})
        with pytest.raises(
            SetupError, match=r"cannot be used \(OperationalError\): start the blog once, with bin/run\.\Z"
        ):
            session.signed(empty, email)

    @pytest.mark.usefixtures("empty_folder")
    def test_the_settings_of_a_deployed_site_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "served", lambda: SimpleNamespace(production=True))
        with pytest.raises(SetupError, match=r"APP_ENV is production; .*--site URL\.\Z"):
            session.settings_here()


class TestAtADeployedSite:
    def test_somebody_who_has_logged_in_is_found(
        self, there: Settings, user_factory: UserFactory, client: FlaskClient, email: str
    ) -> None:
        user = user_factory(issuer=there.oidc_issuer, email=email)
        name, value = session.signed(there, email)
        assert (name, whoami(client, "session", value)["id"]) == ("__Host-session", user.id)

    def test_nobody_is_made(self, there: Settings, email: str) -> None:
        with pytest.raises(SetupError, match=rf"^Nobody has logged in at https://blog\.example as {email}\.\Z"):
            session.signed(there, email)

    def test_an_e_mail_of_two_people_is_refused(self, there: Settings, user_factory: UserFactory, email: str) -> None:
        for _ in range(2):
            user_factory(issuer=there.oidc_issuer, email=email)
        with pytest.raises(SetupError, match=r"^More than one person has logged in"):
            session.signed(there, email)

    def test_a_closed_account_is_refused(self, there: Settings, user_factory: UserFactory, email: str) -> None:
        user_factory(issuer=there.oidc_issuer, email=email, disabled=True)
        with pytest.raises(SetupError, match=rf"^The account of {email} is closed\.\Z"):
            session.signed(there, email)

    @pytest.mark.usefixtures("empty_folder")
    def test_missing_settings_are_named(self) -> None:
        with pytest.raises(SetupError, match=r"set APP_ENV=production and DATABASE_URL\.\Z"):
            session.settings_of("https://blog.example")


class TestBeforeItActsOnASite:
    @pytest.fixture(autouse=True)
    def on_postgres(self, there: Settings) -> Settings:
        return there.model_copy(update={"database_url": "postgresql+psycopg://inkwell:hush@db.example/blog"})

    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        terminal = SimpleNamespace(isatty=lambda: True, readline=lambda: "\n")
        monkeypatch.setattr("sys.stdin", terminal)
        return terminal

    def test_it_names_site_database_and_person(self, on_postgres: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        session.confirm(on_postgres, "ada@example.com", agreed=True)
        lines = ["https://blog.example", "blog at db.example", "ada@example.com"]
        assert [line.split(None, 1)[1] for line in capsys.readouterr().err.splitlines()] == lines

    def test_it_needs_a_word_where_it_cannot_ask(self, on_postgres: Settings, terminal: SimpleNamespace) -> None:
        terminal.isatty = lambda: False
        with pytest.raises(SetupError, match=r"add --yes"):
            session.confirm(on_postgres, "ada@example.com", agreed=False)

    def test_it_stops_unless_the_answer_is_yes(self, on_postgres: Settings, terminal: SimpleNamespace) -> None:
        with pytest.raises(SetupError, match=r"^Nothing was done\.\Z"):
            session.confirm(on_postgres, "ada@example.com", agreed=False)

    def test_it_goes_on_after_a_yes(self, on_postgres: Settings, terminal: SimpleNamespace) -> None:
        terminal.readline = lambda: "y\n"
        session.confirm(on_postgres, "ada@example.com", agreed=False)


@pytest.mark.usefixtures("prepared")
class TestTheCommand:
    @pytest.fixture
    def prepared(self, here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, result in (("prepare", None), ("continue_in_environment", None), ("served", here)):
            monkeypatch.setattr(session, name, lambda *_, result=result: result)

    @pytest.mark.parametrize("way", [[], ["--curl"], ["--curl", "/blogs/new?a=b&c=d"]])
    def test_prints_a_command_whose_writes_are_taken(
        self, here: Settings, client: FlaskClient, email: str, way: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        session.session([email, *way])
        program, *options, url = shlex.split(capsys.readouterr().out)
        headers = dict(option.split(": ", 1) for option in options[1::2])
        assert client.post("/auth/logout", headers=headers, data={}).status_code == 303
        assert (program, options[::2], url) == ("curl", ["-H", "-H"], here.base_url + (way[1:] or ["/"])[0])

    def test_keeps_a_session_from_others_and_out_of_its_messages(
        self, email: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("INKWELL_CALLED_FROM", str(tmp_path))
        file = tmp_path / "state.json"
        file.write_text("longer than it will be" * 100)
        file.chmod(0o644)
        session.session([email, "--storage-state", "state.json"])
        [cookie] = json.loads(file.read_text())["cookies"]
        told = capsys.readouterr()
        assert (stat.S_IMODE(file.stat().st_mode), cookie["value"] in told.err, told.out) == (0o600, False, "")

    def test_does_one_thing_at_a_time(self, email: str) -> None:
        with pytest.raises(SetupError, match=r"not allowed with argument --curl"):
            session.session([email, "--curl", "--storage-state", "state.json"])

    def test_says_why_a_file_cannot_be_written(self, email: str, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match=r"/none/state\.json cannot be written: No such file or directory\.\Z"):
            session.session([email, "--storage-state", f"{tmp_path}/none/state.json"])


class TestTheStorageState:
    @pytest.mark.parametrize(
        ("where", "secure", "domain"), [("here", False, "localhost"), ("there", True, "blog.example")]
    )
    def test_describes_the_cookie_as_the_blog_sets_it(
        self, request: pytest.FixtureRequest, where: str, secure: bool, domain: str
    ) -> None:
        [cookie] = session.storage_state(request.getfixturevalue(where), "name", "value")["cookies"]
        assert cookie.pop("expires") > 0
        expected = {"name": "name", "value": "value", "domain": domain, "path": "/"}
        assert cookie == expected | {"httpOnly": True, "secure": secure, "sameSite": "Lax"}


class TestABrowser:
    """Without a window, since not every machine has a display."""

    @pytest.fixture
    def chromium(self, playwright: Playwright) -> Iterator[Browser]:
        with playwright.chromium.launch(executable_path=os.environ.get("FORGE_BROWSER")) as browser:
            yield browser

    @pytest.fixture
    def site(self, settings: Settings, tmp_path: Path) -> Iterator[LiveBlog]:
        with live_blog(settings, tmp_path) as server:
            yield server

    def test_is_logged_in(self, chromium: Browser, site: LiveBlog, here: Settings, email: str) -> None:
        state = session.storage_state(site.settings, *session.signed(here, email))
        with session.opened(chromium, state, f"{site.url}/api/current_user") as page:
            assert email in page.content()

    def test_is_told_of_a_blog_that_does_not_answer(self, chromium: Browser, here: Settings) -> None:
        state = session.storage_state(here, "session", "value")
        with pytest.raises(
            SetupError, match=r"^http://127\.0\.0\.1:9/ does not answer: start the blog with bin/run\.\Z"
        ):
            session.opened(chromium, state, "http://127.0.0.1:9/").__enter__()
