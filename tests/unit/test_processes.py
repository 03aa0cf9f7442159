"""What the suite starts ends with it."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from tests.conftest import ROOT
from tests.e2e.live_server import live_blog
from tests.forge.processes import listens
from tests.forge.redis_server import RedisServer, executable, until
from tests.forge.seaweedfs import running_seaweedfs

pytestmark = pytest.mark.programs


def work(folder: str) -> None:
    """Do as a test worker does: start every kind of server, say where they are, and go on until killed."""
    settings = Settings(_env_file=None, secret_key=secrets.token_hex(32), instance_dir=Path(folder))
    redis = RedisServer(Path(folder)) if executable() else None
    with running_seaweedfs() as s3, live_blog(settings, Path(folder)) as blog:
        urls = [s3.endpoint_url, blog.url, blog.provider_url, *([redis.url] if redis else [])]
        print(json.dumps(urls), flush=True)  # noqa: T201  the test reads it
        sys.stdin.read()


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    # Not pytest's own, whose path is too long for the sockets of the S3 server.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def urls(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Where the servers were of a test worker that has been killed."""
    program = f"from tests.unit.test_processes import work; work({str(tmp_path_factory.mktemp('worker'))!r})"
    environment = {**os.environ, "TMPDIR": str(temporary)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdin=pipe, stdout=pipe
    ) as worker:
        assert worker.stdout
        urls: list[str] = json.loads(worker.stdout.readline())
        assert all(map(listens, urls))
        worker.kill()
    return urls


class TestATestWorkerThatIsKilled:
    def test_leaves_no_server_behind(self, urls: list[str]) -> None:
        until(lambda: not any(map(listens, urls)), seconds=20)

    @pytest.mark.usefixtures("urls")
    def test_leaves_no_temporary_folder_behind(self, temporary: Path) -> None:
        until(lambda: not list(temporary.iterdir()), seconds=20)
