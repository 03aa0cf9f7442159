"""What a worker imports when it starts: no more than every request may need."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys, wsgi; print(*sys.modules)"
AS_GUNICORN_DOES = """
import runpy, sys, threading
runpy.run_path("gunicorn.conf.py")["post_worker_init"](None)
for thread in threading.enumerate():
    if thread.daemon:
        thread.join()
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The packages that `import wsgi` leaves imported."""
    return {module.partition(".")[0] for module in modules_after(PROGRAM, tmp_path_factory.mktemp("instance"))}


def modules_after(program: str, instance: Path) -> list[str]:
    """What that program has imported, as the settings of a blog without a bucket have it."""
    settings = {
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_hex(32),
        "INSTANCE_DIR": str(instance),
        "OIDC_ISSUER": "http://127.0.0.1:9",
        "OIDC_CLIENT_ID": "inkwell",
        "OIDC_CLIENT_SECRET": "secret",
    }
    command = [sys.executable, "-c", program]
    started = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    return started.stdout.split()


class TestTheStart:
    def test_leaves_to_logins_what_only_they_need(self, imported: set[str]) -> None:
        assert imported & {"authlib", "joserfc", "requests", "urllib3"} == set()

    def test_leaves_to_buckets_what_only_they_need(self, imported: set[str]) -> None:
        assert imported & {"boto3", "botocore", "s3transfer"} == set()

    def test_leaves_migrations_to_their_command(self, imported: set[str]) -> None:
        assert imported & {"alembic"} == set()


class TestAWorkerThatServes:
    def test_has_the_code_of_logins_before_another_deployment_is_there(self, tmp_path: Path) -> None:
        assert "app.auth.oidc" in modules_after(AS_GUNICORN_DOES, tmp_path)
