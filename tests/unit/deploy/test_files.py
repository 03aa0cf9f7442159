"""What deploy/ ships, by the programs that read it; no container and no systemd runs here."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.config import Settings
from tests.conftest import ROOT
from tests.proxies import DEPLOY, caddy

pytestmark = pytest.mark.programs

COMPOSE: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def ask(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


class TestTheComposition:
    def test_is_one_that_compose_understands(self) -> None:
        schema = ["--builtin-schema", "vendor.compose-spec"]
        checked = ask(sys.executable, "-m", "check_jsonschema", *schema, DEPLOY / "compose.yaml")
        assert checked.returncode == 0, checked.stdout

    def test_tells_the_blog_nothing_but_settings(self) -> None:
        told = COMPOSE["x-blog"]["environment"].keys()
        assert told - {name.upper() for name in Settings.model_fields} == set()

    def test_asks_for_what_the_example_has(self) -> None:
        asked = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text()))
        assert set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE)) == asked

    def test_publishes_the_proxy_alone(self) -> None:
        assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["proxy"]

    def test_has_a_proxy_that_reads_its_configuration(self) -> None:
        told = {"SITE": "blog.example", "FILES": "files.blog.example", "UPSTREAM": "blog:8000"}
        config: list[str | Path] = ["--config", DEPLOY / "compose.Caddyfile", "--adapter", "caddyfile"]
        checked = ask(caddy(), "validate", *config, **told)
        assert checked.returncode == 0, checked.stderr


class TestTheImage:
    def test_is_built_of_all_that_its_wheel_needs(self, tmp_path: Path) -> None:
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in " ".join(copied).split():
            source, target = ROOT / name, tmp_path / Path(name).name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist"]
        subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
        [wheel] = tmp_path.glob("dist/*.whl")
        with zipfile.ZipFile(wheel) as archive:
            assert {"wsgi.py", "gunicorn.conf.py", "app/migrations/env.py"} - {*archive.namelist()} == set()

    def test_is_sent_all_that_it_copies(self) -> None:
        sent = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        assert set(" ".join(copied).split()) == sent

    def test_does_not_run_as_root(self) -> None:
        assert re.findall(r"^USER (\S+)", DOCKERFILE.rpartition("FROM ")[2], re.MULTILINE) == ["10001:10001"]

    def test_installs_nothing_without_its_hash(self) -> None:
        installs = re.findall(r"pip install (.+?)(?: &&| \\|\n)", DOCKERFILE)
        assert [each for each in installs if "--require-hashes" not in each and "--no-index" not in each] == []


class TestTheUnit:
    @pytest.fixture
    def unit(self, tmp_path: Path) -> Path:
        """With a program that is there: systemd asks for that too."""
        if shutil.which("systemd-analyze") is None:
            pytest.skip("There is no systemd-analyze on this machine")
        unit = tmp_path / "inkwell.service"
        unit.write_text((DEPLOY / "inkwell.service").read_text().replace("/opt/inkwell/bin/inkwell", sys.executable))
        return unit

    def test_is_one_that_systemd_understands(self, unit: Path) -> None:
        checked = ask("systemd-analyze", "verify", unit)
        assert (checked.returncode, checked.stderr) == (0, "")

    def test_leaves_the_blog_little_that_it_could_do(self, unit: Path) -> None:
        # systemd's own measure, from 0 to 10, in tenths: up to 2 it says that all is well.
        checked = ask("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
        assert checked.returncode == 0, checked.stdout
