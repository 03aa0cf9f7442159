"""Whatever pip is configured with counts for uv too, on the first start and on every other."""

import ssl
import subprocess
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev import bootstrap
from tests.unit.dev.clone import BASE, UV, Clone, run, skip_without_pip
from tests.unit.dev.package_index import Authority, PackageIndex, wheel

pytestmark = pytest.mark.programs

NewIndex = Callable[..., PackageIndex]

PROJECT = """
[project]
name = "small"
version = "1"
requires-python = ">=3.11"
dependencies = ["parcel"]
[dependency-groups]
dev = ["uv"]
"""
FILE = """
index-url = https://global.example
extra-index-url = https://global.example
trusted-host = global.example
cert = ~/it's here.pem
client-cert = /global.pem
proxy = http://global.example
[install]
index-url = https://install.example
trusted-host = install.example
[download]
index-url = https://download.example
"""
VARIABLES = {
    "PIP_TRUSTED_HOST": "variable.example",
    "PIP_PROXY": "",
    "UV_EXTRA_INDEX_URL": "https://own.example",
    "SSL_CLIENT_CERT": "/own.pem",
}


@pytest.fixture(scope="module", autouse=True)
def a_python_with_pip() -> None:
    skip_without_pip()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def new_index() -> Iterator[NewIndex]:
    indexes: list[PackageIndex] = []

    def make(folder: Path, context: ssl.SSLContext | None = None) -> PackageIndex:
        indexes.append(PackageIndex(folder, context))
        return indexes[-1]

    yield make
    for index in indexes:
        index.stop()


@pytest.fixture
def uv_wheel(folder: Path) -> str:
    version = subprocess.run([UV, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return wheel(folder, "uv", version, script=f"#!/bin/sh\n{run(UV)}\n")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python without pip, and not as a link to one that may have it."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=False)
    return str(folder / "bin" / "python")


class TestWherePipIsConfiguredByAFileAlone:
    @pytest.fixture(autouse=True)
    def at_a_clone(self, clone: Clone, folder: Path, uv_wheel: str, new_index: NewIndex, authority: Authority) -> None:
        index = new_index(folder, authority.context(asks_back=False))
        clone.configure_pip(f"index-url = {index.url}\ncert = {authority.certificate}")
        clone.write("requirements.lock", wheel(folder, "parcel", "1.0"))
        clone.write("requirements-dev.lock", wheel(folder, "letter", "1.0"), uv_wheel)

    @pytest.mark.parametrize(
        ("first", "second"),
        [("requirements.lock", "requirements-dev.lock"), ("requirements-dev.lock", "requirements.lock")],
        ids=["run, then test", "test, then run"],
    )
    def test_the_environments_own_python_installs_as_the_first_did(self, clone: Clone, first: str, second: str) -> None:
        clone.prepare(BASE, first)
        clone.prepare(clone.python, second)
        assert {"parcel", "letter"} <= clone.installed()

    def test_a_python_without_pip_asks_the_one_on_path(self, clone: Clone, bare: str) -> None:
        clone.program("python3", run(BASE))
        clone.prepare(bare)
        assert {"parcel", "pip"} & clone.installed() == {"parcel"}

    def test_pip_is_made_and_asked_where_there_is_none(self, clone: Clone, bare: str) -> None:
        pytest.importorskip("ensurepip")
        clone.prepare(bare)
        assert "parcel" in clone.installed()


class TestWhereThereIsNoPip:
    @pytest.fixture(autouse=True)
    def with_uv(self, clone: Clone, folder: Path, new_index: NewIndex) -> None:
        clone.program("uv", run(UV))
        clone.environment["UV_DEFAULT_INDEX"] = new_index(folder).url
        clone.write("requirements.lock", wheel(folder, "parcel", "1.0"))

    def test_uv_goes_by_its_own_settings(self, clone: Clone, bare: str) -> None:
        clone.prepare(bare)
        assert "parcel" in clone.installed()


class TestTheFirstStart:
    def test_says_what_is_going_on_before_it_runs_anything(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(bootstrap, "output", lambda *_: pytest.exit("ran something"))
        with pytest.raises(pytest.exit.Exception):
            bootstrap.build(tmp_path / "requirements.lock")
        assert capsys.readouterr().err == "Preparing the packages, once …\n"


class TestTheNextStart:
    @pytest.fixture(autouse=True)
    def prepared(self, clone: Clone, folder: Path, new_index: NewIndex) -> None:
        clone.program("uv", run(UV))
        clone.environment["UV_DEFAULT_INDEX"] = new_index(folder).url
        clone.write("requirements.lock", wheel(folder, "parcel", "1.0"))
        clone.prepare(BASE)

    def test_says_nothing(self, clone: Clone) -> None:
        done = clone.ask(clone.python, "-c", "from dev.bootstrap import *; prepare(LOCK)")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestAPackage:
    """With uv on PATH, which installs it."""

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Path:
        """Another folder, where there is an older version."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        wheel(elsewhere, "parcel", "0.9")
        return elsewhere

    @pytest.fixture
    def places(self, folder: Path, elsewhere: Path, new_index: NewIndex, authority: Authority) -> dict[str, object]:
        secret, guarded = (new_index(folder, authority.context(asks_back=asks_back)) for asks_back in (False, True))
        return {
            "folder": folder,
            "index": new_index(folder).url,
            "closed": "http://127.0.0.1:9",
            "older": new_index(elsewhere).url,
            "secret": secret.url,
            "secret_host": secret.host,
            "guarded": guarded.url,
            "proxy": f"http://{new_index(folder).host}",
            "authority": authority.certificate,
            "identity": authority.identity,
        }

    @pytest.fixture(autouse=True)
    def locked(self, clone: Clone, folder: Path) -> None:
        clone.program("uv", run(UV))
        clone.write("requirements.lock", wheel(folder, "parcel", "1.0"))

    @pytest.mark.parametrize(
        "configuration",
        [
            "index-url = {index}\nextra-index-url = {older}",
            "index-url = {older}\nextra-index-url =\n  {older}\n  {index}",
            "index-url = {older}\nfind-links = file://{folder}",
            "index-url = {closed}\nno-index = yes\nfind-links =\n  /not/there\n  file:///nor/here\n  {folder}",
            "index-url = {secret}\ntrusted-host = {secret_host}",
            "index-url = {guarded}\ncert = {authority}\nclient-cert = {identity}",
            "index-url = http://index.example/simple\nproxy = {proxy}",
        ],
    )
    def test_is_found_where_pip_would_find_it(
        self, clone: Clone, places: dict[str, object], configuration: str
    ) -> None:
        clone.configure_pip(configuration.format(**places))
        clone.prepare(BASE)
        assert "parcel" in clone.installed()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What uv is told, where FILE and VARIABLES are set."""
    clone = Clone(tmp_path_factory.mktemp("settings"))
    clone.configure_pip(FILE)
    clone.environment |= VARIABLES
    return {name: value.replace(str(clone.home), "(home)") for name, value in clone.settings_for_uv().items()}


class TestSettings:
    """In pip's file, in pip's variables and in uv's own."""

    def test_for_installations_count_more_than_global_ones(self, told: dict[str, str]) -> None:
        assert told["UV_DEFAULT_INDEX"] == "https://install.example"

    def test_of_the_environment_count_more_than_those_of_a_file(self, told: dict[str, str]) -> None:
        assert told["UV_INSECURE_HOST"] == "variable.example"

    def test_that_are_empty_do_not_count(self, told: dict[str, str]) -> None:
        assert told["ALL_PROXY"] == "http://global.example"

    def test_may_be_paths_from_home(self, told: dict[str, str]) -> None:
        assert told["SSL_CERT_FILE"] == "(home)/it's here.pem"

    @pytest.mark.parametrize("name", ["SSL_CLIENT_CERT", "UV_INDEX"])
    def test_that_are_made_for_uv_stay_as_they_are(self, told: dict[str, str], name: str) -> None:
        assert name not in told


class TestALockFile:
    """Where an extra index has a version too, though not for every kind of machine."""

    @pytest.fixture
    def lock(
        self, clone: Clone, tmp_path: Path, folder: Path, uv_wheel: str, new_index: NewIndex, authority: Authority
    ) -> str:
        extra = tmp_path / "extra"
        extra.mkdir()
        wheel(extra, "parcel", "1.0")
        wheel(folder, "parcel", "1.0")
        wheel(folder, "parcel", "1.0", tag="cp311-cp311-macosx_11_0_arm64")
        index = new_index(folder, authority.context(asks_back=False))
        places = f"extra-index-url = {new_index(extra).url}\nfind-links = {extra}"
        clone.configure_pip(f"index-url = {index.url}\ncert = {authority.certificate}\n{places}")
        clone.write("requirements-dev.lock", uv_wheel)
        clone.write("pyproject.toml", PROJECT)
        clone.write("benchmarks/peers/requirements.in", "parcel")
        clone.write("deploy/build.in", "parcel")
        clone.prepare(BASE, "requirements-dev.lock")
        clone.renew_locks()
        return (clone.root / "requirements.lock").read_text()

    def test_names_every_file_of_the_index(self, lock: str) -> None:
        assert lock.count("--hash") == 2
