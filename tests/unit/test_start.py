"""What a worker imports when it starts: no more than every request may need."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys, wsgi; print(*sys.modules)"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The packages that `import wsgi` leaves imported, as the settings of a blog without a bucket have it."""
    settings = {
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_hex(32),
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
        "OIDC_ISSUER": "http://127.0.0.1:9",
        "OIDC_CLIENT_ID": "inkwell",
        "OIDC_CLIENT_SECRET": "secret",
    }
    command = [sys.executable, "-c", PROGRAM]
    started = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in started.stdout.split()}


class TestTheStart:
    def test_leaves_to_logins_what_only_they_need(self, imported: set[str]) -> None:
        assert imported & {"authlib", "joserfc", "requests", "urllib3"} == set()

    def test_leaves_to_buckets_what_only_they_need(self, imported: set[str]) -> None:
        assert imported & {"boto3", "botocore", "s3transfer"} == set()

    def test_leaves_migrations_to_their_command(self, imported: set[str]) -> None:
        assert imported & {"alembic"} == set()
