"""The settings: what they default to, and what a blog refuses to start on."""

import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Settings, SettingsError, load_settings
from app.setting_checks import without_secrets
from app.storage.build import build_store
from tests.e2e.live_server import environment

STRONG = secrets.token_hex(32)
# Random, of seven letters and of 36 digits.
FEW_LETTERS = "ceamiicaaaikeqqackkeeqcqaecaqmqeqecceemqmqqeaqkemikcccieaqqk"
DIGITS = "404948366946723440107488752316374256"
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": STRONG,
    "BASE_URL": "https://blog.example",
    "OIDC_CLIENT_ID": "blog",
    "OIDC_CLIENT_SECRET": "given-by-the-issuer",
}
ROOT = Path(__file__).parents[2]


pytestmark = pytest.mark.usefixtures("empty_folder")


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def problem(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as error:
        load(monkeypatch, **variables)
    return str(error.value)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestAnEmptyEnvironment:
    @pytest.fixture(autouse=True)
    def loaded(self, empty_folder: Path) -> None:
        self.settings = load_settings()

    def test_is_a_development_blog(self) -> None:
        assert self.settings.base_url == "http://localhost:8000"

    def test_keeps_its_data_in_the_instance_folder(self, tmp_path: Path) -> None:
        assert self.settings.database_url == f"sqlite:///{tmp_path}/instance/inkwell.db"

    def test_makes_a_secret_and_keeps_it(self) -> None:
        assert self.settings.secret_key == load_settings().secret_key

    def test_makes_a_secret_of_32_bytes(self) -> None:
        assert len(bytes.fromhex(self.settings.secret_key)) == 32

    def test_lets_nobody_else_read_the_secret(self, tmp_path: Path) -> None:
        assert mode(tmp_path / "instance/secret_key") == 0o600

    def test_lets_nobody_else_into_the_instance_folder(self, tmp_path: Path) -> None:
        assert mode(tmp_path / "instance") == 0o700

    def test_lets_nobody_else_read_what_is_written_from_now_on(self, tmp_path: Path) -> None:
        (tmp_path / "written").touch()
        assert mode(tmp_path / "written") == 0o600

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            self.settings.port = 1  # type: ignore[misc]  # the point of the test


class TestAnInstanceFolderFromBefore:
    @pytest.fixture(autouse=True)
    def made(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "instance"
        self.folder.mkdir()

    def test_is_closed_to_others(self) -> None:
        self.folder.chmod(0o755)
        load_settings()
        assert mode(self.folder) == 0o700

    def test_is_left_as_it_is_where_it_is_everybodys(self) -> None:
        self.folder.chmod(0o1777)
        load_settings()
        assert mode(self.folder) == 0o1777


class TestAnInstanceFolderThatCannotBe:
    def test_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        folder = tmp_path / "file" / "instance"
        assert problem(monkeypatch, INSTANCE_DIR=str(folder)) == f"Inkwell cannot start: {folder}: Not a directory"


class TestAFileOfSettings:
    def test_is_read(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("SITE_NAME=Quill\nPORT=\n")
        assert load_settings().site_name == "Quill"

    @pytest.mark.parametrize(
        ("name", "meant"), [("SECRETKEY", "SECRET_KEY"), ("redis_uri", "REDIS_URL"), ("S3_ENDPOINT", "S3_ENDPOINT_URL")]
    )
    def test_with_a_name_that_is_nearly_a_settings_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
    ) -> None:
        (tmp_path / ".env").write_text(f"{name}=value\n")
        expected = f"Inkwell cannot start: {name.upper()} in .env is not a setting; did you mean {meant}?"
        assert problem(monkeypatch) == expected

    def test_that_is_not_text_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".env").write_bytes(b"SITE_NAME=\xff\n")
        assert problem(monkeypatch) == "Inkwell cannot start: .env is not text in UTF-8"

    def test_may_hold_what_is_for_other_programs(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("POSTGRES_PASSWORD=value\nSITE_NAME=Quill\n")
        assert load_settings().site_name == "Quill"

    def test_gives_way_to_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".env").write_text("SITE_NAME=Quill\n")
        assert load(monkeypatch, SITE_NAME="Nib").site_name == "Nib"


@pytest.mark.programs
class TestTheBlogUnderTest:
    def test_takes_nothing_from_a_file_of_somebodys_blog(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("S3_BUCKET=pictures\nREDIS_URL=redis://somebodys\n")
        settings = Settings(_env_file=None, secret_key=STRONG, instance_dir=empty_folder)
        asked = "from app.config import load_settings as load; print([load().s3_bucket, load().redis_url])"
        env = {"PYTHONPATH": str(ROOT), **environment(settings)}
        told = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == "['', '']"


class TestAProductionBlog:
    def test_starts_with_everything_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load(monkeypatch, **PRODUCTION).production

    @pytest.mark.parametrize(
        ("variables", "sentence"),
        [
            ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
            ({"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
            ({"SECRET_KEY": "changeme" * 4}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": f"changeme{STRONG}"}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": "a" * 64}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY_FALLBACKS": "a"}, "SECRET_KEY_FALLBACKS is too short"),
            ({"SECRET_KEY_FALLBACKS": f"{STRONG},"}, "SECRET_KEY_FALLBACKS is too short"),
            ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG must be off"),
            ({"BASE_URL": ""}, "BASE_URL must be the blog's https:// address"),
            ({"BASE_URL": "http://blog.example"}, "BASE_URL must be the blog's https:// address"),
            ({"BASE_URL": "https://blog.example/path"}, "BASE_URL must end after the host and port"),
            ({"OIDC_ISSUER": "http://127.0.0.1:9000"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://127.0.0.2:9000"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://[::1]:9000"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://login.localhost"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://LOCALHOST."}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://127.1"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://0x7f000001"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://2130706433"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://[::ffff:127.0.0.1]"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "https://0.0.0.0"}, "OIDC_ISSUER must not be a provider on this machine"),
            ({"OIDC_ISSUER": "http://login.example"}, "OIDC_ISSUER must be https"),
            ({"BASE_URL": "https://localhost"}, "BASE_URL must not be this machine's own address"),
            ({"BASE_URL": "https://127.1:8000"}, "BASE_URL must not be this machine's own address"),
            ({"S3_ENDPOINT_URL": "http://store.example"}, "S3_ENDPOINT_URL must be https in production"),
            ({"SECRET_KEY": "".join(map(str, range(10, 29)))}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": STRONG[:24] * 2}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": f"{STRONG}abcdefgh"}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": f"{STRONG}87654321"}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": FEW_LETTERS}, "SECRET_KEY can be guessed"),
            ({"SECRET_KEY": DIGITS}, "SECRET_KEY can be guessed"),
            ({"METRICS_ALLOW": "10.0.0.5, here"}, "METRICS_ALLOW must be addresses and networks"),
            ({"LOGIN_ALLOW": "school.example"}, "LOGIN_ALLOW must be addresses and domains"),
            ({"HSTS": "two years"}, "HSTS must be such as"),
            ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID is missing"),
            ({"DATABASE_URL": "mysql://localhost/blog"}, "DATABASE_URL must begin with"),
            ({"PORT": "70000"}, "PORT must be 65535 or less"),
            ({"PORT": "many"}, "PORT must be a whole number"),
            ({"CACHE_TTL": "0"}, "CACHE_TTL must be 1 or more"),
            ({"FLASK_DEBUG": "perhaps"}, "FLASK_DEBUG must be true or false"),
            ({"APP_ENV": "staging"}, "APP_ENV must be 'development' or 'production'"),
            ({"SITE_NAME": "I" * 41}, "SITE_NAME must have 40 characters or fewer"),
        ],
    )
    def test_refuses_to_start(self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str) -> None:
        assert sentence in problem(monkeypatch, **{**PRODUCTION, **variables})

    @pytest.mark.parametrize(
        "make", [secrets.token_hex, secrets.token_urlsafe, lambda size: secrets.token_hex(size // 2)]
    )
    def test_takes_any_secret_of_128_random_bits(
        self, monkeypatch: pytest.MonkeyPatch, make: Callable[[int], str]
    ) -> None:
        assert load(monkeypatch, **PRODUCTION | {"SECRET_KEY": make(32)}).production

    def test_may_have_its_files_in_a_store_on_its_own_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load(monkeypatch, **PRODUCTION, S3_ENDPOINT_URL="http://127.0.0.1:8333").production

    def test_tells_where_its_database_is_without_the_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        url = "postgresql://ink:very-secret@db.example:5432/blog?sslpassword=very-secret"
        told = without_secrets(load(monkeypatch, **PRODUCTION, DATABASE_URL=url))
        assert told["database_url"] == "postgresql+psycopg://db.example:5432/blog"
        assert "very-secret" not in str(told)
        assert STRONG not in str(told)

    def test_names_every_problem_in_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sentence = problem(monkeypatch, APP_ENV="production", PORT="many", OIDC_ISSUER="ftp://x")
        named = ["SECRET_KEY", "PORT", "BASE_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]
        assert [name for name in named if name not in sentence] == []
        assert "\n" not in sentence

    def test_never_shows_a_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert STRONG not in repr(load(monkeypatch, **PRODUCTION))

    @pytest.mark.programs
    def test_ends_the_server_with_a_line_that_says_why(self, tmp_path: Path) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"],
            cwd=ROOT,
            env={**os.environ, **PRODUCTION, "SECRET_KEY": "short", "WEB_CONCURRENCY": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode != 0
        assert "Inkwell cannot start: SECRET_KEY is too short: 32 random bytes or more\n" in ended.stderr

    @pytest.mark.programs
    def test_ends_a_worker_for_good_with_a_line_that_says_why(self) -> None:
        # As under a server whose settings are not beside it.
        ended = subprocess.run(
            [sys.executable, "-c", "import wsgi"],
            cwd=ROOT,
            env={**os.environ, **PRODUCTION, "SECRET_KEY": "short"},
            capture_output=True,
            text=True,
            check=False,
        )
        told = "Inkwell cannot start: SECRET_KEY is too short: 32 random bytes or more\n"
        assert (ended.returncode, ended.stderr) == (4, told)


class TestABucket:
    @pytest.mark.parametrize(("prefix", "folder"), [("blog", "blog/"), ("/a/b/", "a/b/"), ("", ""), ("/", "")])
    def test_may_have_a_folder_for_the_blog(self, monkeypatch: pytest.MonkeyPatch, prefix: str, folder: str) -> None:
        assert load(monkeypatch, S3_PREFIX=prefix).s3_prefix == folder

    @pytest.mark.parametrize(
        ("variables", "sentence"),
        [
            ({"S3_BUCKET": "s3://pictures"}, "S3_BUCKET must be a bucket's name"),
            ({"S3_BUCKET": "my.pictures"}, "S3_BUCKET must be a bucket's name"),
            ({"S3_PREFIX": "blog?"}, "S3_PREFIX must be a folder"),
            ({"S3_PREFIX": "a/../b"}, "S3_PREFIX must be a folder"),
            ({"S3_PREFIX": "a//b"}, "S3_PREFIX must be a folder"),
            ({"AWS_REGION": "Frankfurt am Main"}, "AWS_REGION must be a region"),
            (
                {"S3_BUCKET": "abc", "AWS_ACCESS_KEY_ID": "a"},
                "AWS_SECRET_ACCESS_KEY and AWS_ACCESS_KEY_ID must be set together",
            ),
            (
                {"S3_BUCKET": "abc", "AWS_SECRET_ACCESS_KEY": "b"},
                "AWS_SECRET_ACCESS_KEY and AWS_ACCESS_KEY_ID must be set together",
            ),
            ({"S3_BUCKET": "abc", "AWS_SESSION_TOKEN": "c"}, "AWS_SESSION_TOKEN is of no use"),
        ],
    )
    def test_that_cannot_be_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
    ) -> None:
        assert sentence in problem(monkeypatch, **variables)

    def test_may_have_dots_on_another_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = load(monkeypatch, S3_ENDPOINT_URL="http://127.0.0.1:8333", S3_BUCKET="my.pictures")
        assert settings.s3_bucket == "my.pictures"

    def test_that_is_not_used_asks_for_no_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load(monkeypatch, AWS_ACCESS_KEY_ID="a").s3_bucket == ""

    def test_that_cannot_be_reached_in_any_way_ends_the_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = load(monkeypatch, S3_ENDPOINT_URL="http://seaweed_fs:8333", S3_BUCKET="abc")
        with pytest.raises(SettingsError, match="Inkwell cannot start: Invalid endpoint"):
            build_store(settings)


class TestADatabaseUrl:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_leads_to_postgresql_by_any_of_its_names(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        settings = load(monkeypatch, DATABASE_URL=f"{scheme}://host/blog")
        assert settings.database_url == "postgresql+psycopg://host/blog"
