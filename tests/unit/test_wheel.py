"""The wheel in an environment where nothing of the project is but what it brought, and the command that it installs."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.config import Settings
from tests.conftest import ROOT
from tests.e2e.live_server import environment
from tests.forge.processes import running
from tests.forge.server import Listener, wait_until_answers

pytestmark = pytest.mark.programs

TOP = {"app", "gunicorn.conf.py", "wsgi.py"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # With what the lock has, and so without an index.
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel and with the packages that it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib"))
    uv = Path(sys.executable).with_name("uv")
    install: list[str | Path] = [uv, "pip", "install", "--python", python, "--offline", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    return python.parent


class Installed:
    """The command, in a folder where nothing else is, with the settings of a blog."""

    def __init__(self, programs: Path, folder: Path, settings: Settings) -> None:
        self._command, self._folder = str(programs / "inkwell"), folder
        ours = ("PYTHONPATH", *(name.upper() for name in Settings.model_fields))
        self._environment = {name: value for name, value in os.environ.items() if name not in ours}
        self._environment |= environment(settings)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._command, *words],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def serves(self) -> Iterator[str]:
        listener, log = Listener(), self._folder / "log"
        with (
            log.open("wb") as output,
            running(
                [self._command, "serve", "--bind", f"fd://{listener.fd}"],
                cwd=self._folder,
                env=self._environment,
                stdout=output,
                stderr=output,
                pass_fds=[listener.fd],
            ),
        ):
            listener.socket.close()
            wait_until_answers(f"{listener.url}/healthz", log)
            yield listener.url


@pytest.fixture
def installed(programs: Path, tmp_path: Path, settings: Settings) -> Installed:
    own = {"instance_dir": tmp_path / "instance", "database_url": "", "web_concurrency": 1}
    folder = tmp_path / "anywhere"
    folder.mkdir()
    return Installed(programs, folder, settings.model_copy(update=own))


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


class TestTheWheel:
    def test_holds_neither_tests_nor_what_only_development_needs(self, wheel: Path) -> None:
        tops = {name.partition("/")[0] for name in names_in(wheel)}
        assert {name for name in tops if not name.endswith(".dist-info")} == TOP

    def test_holds_every_file_of_the_app(self, wheel: Path) -> None:
        written = [path for path in (ROOT / "app").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert {str(path.relative_to(ROOT)) for path in written} - {*names_in(wheel)} == set()


class TestTheCommandOfANewDatabase:
    def test_serves_once_it_has_migrated(self, installed: Installed) -> None:
        migrated = installed.ask("migrate")
        assert (migrated.returncode, migrated.stderr) == (0, "")
        with installed.serves() as url:
            for path in ("/healthz", "/readyz", "/"):
                with urlopen(f"{url}{path}") as answer:  # noqa: S310  a loopback address of ours
                    assert answer.status == 200

    def test_has_what_the_packages_bring(self, installed: Installed) -> None:
        told = installed.ask("--help")
        found = {line.split()[0] for line in told.stdout.partition("Commands:\n")[2].splitlines()}
        assert found >= {"cache", "images", "migrate", "restore-check", "routes", "serve", "store"}


class TestSettingsThatDoNotHold:
    @pytest.mark.parametrize("word", ["migrate", "serve", "routes"])
    def test_are_said_in_one_line(self, programs: Path, tmp_path: Path, settings: Settings, word: str) -> None:
        own = {"instance_dir": tmp_path, "app_env": "production", "base_url": "http://blog.example"}
        told = Installed(programs, tmp_path, settings.model_copy(update=own)).ask(word)
        assert (told.returncode != 0, told.stderr.count("\n")) == (True, 1)
        assert told.stderr.startswith("Inkwell cannot start: ")
