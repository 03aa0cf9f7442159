import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.served import NOTE, loaded, noted, served
from tests.conftest import ROOT
from tests.forge.processes import running

pytestmark = pytest.mark.programs

# As it is called, but for the packages, which are here already.
PROGRAM = "from dev import __main__, run; run.prepare = str; __main__.start()"


@pytest.mark.usefixtures("empty_folder")
class TestTheServedAddress:
    def test_is_known_while_the_blog_runs(self) -> None:
        with noted(loaded(8123)):
            del_port()
            assert (served().port, served().base_url) == (8123, "http://localhost:8123")

    def test_is_forgotten_when_it_ends(self) -> None:
        with noted(loaded(8123)):
            del_port()
        assert served().port == 8000

    def test_gives_way_to_one_that_is_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with noted(loaded(8123)):
            monkeypatch.setenv("PORT", "8124")
            assert served().base_url == "http://localhost:8124"

    def test_counts_more_than_the_file_of_settings(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("PORT=8001")
        with noted(loaded(8123)):
            del_port()
            assert served().port == 8123

    def test_stays_where_another_start_has_written_its_own(self) -> None:
        with noted(loaded(8123)) as note:
            with noted(loaded(8124)):
                address = note.read_text()
            note.write_text(address)
        assert (note.name, note.read_text()) == (NOTE, address)


class TestBinRun:
    @pytest.fixture
    def port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            found: int = probe.getsockname()[1]
        return found

    @pytest.fixture
    def blog(self, empty_folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-c", PROGRAM, "run", "--port", str(port)]
        variables = os.environ | {"INSTANCE_DIR": str(empty_folder)}
        with running(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE) as blog:
            assert blog.stdout
            assert f"http://localhost:{port}".encode() in blog.stdout.readline()
            yield blog

    def test_leaves_its_address_as_long_as_it_runs(
        self, blog: subprocess.Popen[bytes], empty_folder: Path, port: int
    ) -> None:
        written = (empty_folder / NOTE).read_text()
        blog.terminate()
        blog.wait()
        left = (empty_folder / NOTE).exists()
        assert (written, left) == (f"PORT={port}\nBASE_URL=http://localhost:{port}\n", False)


def del_port() -> None:
    """As in another terminal, where nobody has set it."""
    del os.environ["PORT"]
