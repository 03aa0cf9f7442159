"""A visit of the blog that meets every kind of secret and fails: none of them is in what it leaves behind."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.unit.forge.test_evidence import texts
from tests.unit.forge.test_plugin import HIDDEN

# Runs within runs, each with servers and a browser of its own.
pytestmark = [pytest.mark.programs, pytest.mark.timeout(240)]

CONFTEST = """
from tests import conftest as everybodys
from tests.e2e import conftest as browsers

found = vars(everybodys) | vars(browsers)
globals().update({name: value for name, value in found.items() if not name.startswith("__")})
"""
VISIT = """
import os
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.e2e.custom_page import SIGNED
from tests.e2e.provider import Somebody

def value(request, name):
    return parse_qs(urlsplit(request.url).query)[name][0]

@pytest.mark.parametrize("site", ["s3"], indirect=True, scope="session")
def test_meets_every_secret(page, as_user, client_for, user_factory, site, seaweedfs):
    page.goto("/")
    page.get_by_role("link", name="Login With Google").click()
    with page.expect_request("**/auth/google/callback?*") as callback:
        Somebody().sign_in(page)
    page.goto("/blogs/new")
    page.submit("Next", title="First light", content="It was bright.")
    with page.expect_request(SIGNED) as put:
        page.upload()
    page.submit("Save Blog")
    page.get_by_role("link", name="Read").click()
    friend = user_factory()
    page.submit("Share", email=str(friend.email))
    reader = as_user(friend)
    client_for(friend).get("/api/blogs")
    cookies = [each["value"] for someone in (page, reader) for each in someone.cookies() if each["name"] == "session"]
    canaries = {
        "secret key": site.settings.secret_key,
        "client secret": site.settings.oidc_client_secret,
        "store's key": seaweedfs.secret_key,
        "OAuth code": value(callback.value, "code"),
        "OAuth state": value(callback.value, "state"),
        "presigned signature": value(put.value, "X-Amz-Signature"),
        "a session": cookies[0],
        "another's session": cookies[1],
        "its payload": cookies[0].lstrip(".").partition(".")[0],
    }
    with open(os.environ["CANARIES"], "w") as file:
        file.writelines(f"{name}: {canary}\\n" for name, canary in canaries.items())
    print(*canaries.values())
    raise AssertionError(" ".join(canaries.values()))
"""
KINDS = [
    *("secret key", "client secret", "store's key", "OAuth code", "OAuth state", "presigned signature"),
    *("a session", "another's session", "its payload"),
]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The secrets of that visit by their kind, and all that it left, archives opened."""
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_visit.py").write_text(VISIT)
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    told = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", folder / "test_visit.py", "-n0", "-x", "-c", ROOT / "pyproject.toml"),
            *(f"--output={folder / 'results'}", f"--junit-xml={folder / 'results.xml'}", "-o", "junit_logging=all"),
        ],
        cwd=ROOT,
        env={**environment, "CANARIES": str(folder / "canaries")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed" in told.stdout, told.stdout
    canaries = dict(line.split(": ", 1) for line in (folder / "canaries").read_text().splitlines())
    return canaries, {
        **texts(folder / "results"),
        "results.xml": (folder / "results.xml").read_text(),
        "the terminal": told.stdout + told.stderr,
    }


class TestAFailingVisit:
    @pytest.mark.parametrize("kind", KINDS)
    def test_leaves_no(self, left: tuple[dict[str, str], dict[str, str]], kind: str) -> None:
        canaries, found = left
        assert [name for name, text in found.items() if canaries[kind] in text] == []

    def test_leaves_what_tells_it_all_the_same(self, left: tuple[dict[str, str], dict[str, str]]) -> None:
        _, found = left
        [folder] = {name.partition("/")[0] for name in found if name.endswith("/sql.txt")}
        told = ("error.txt", "sql.txt", "server.log", "trace.zip/test.trace")
        assert {f"{folder}/{name}" for name in told} <= found.keys()
        assert "/shares -> 303" in found[f"{folder}/sql.txt"]
