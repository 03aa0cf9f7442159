"""`bin/flask`, in a process of its own, on the packages that the tests have."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.config import Settings
from dev.served import noted
from tests.conftest import ROOT
from tests.e2e.live_server import LiveBlog, environment, live_blog

pytestmark = pytest.mark.programs

# As it is called, but for the packages, which are here already.
PROGRAM = "from dev import __main__, flask; flask.prepare = str; __main__.start()"

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def blog(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBlog]:
    """A blog on any port, in a folder where no other test notes its own."""
    folder = tmp_path_factory.mktemp("served")
    with live_blog(settings.model_copy(update={"instance_dir": folder}), folder) as blog:
        yield blog


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of the blog that somebody asks from."""
    return settings.model_copy(update={"instance_dir": tmp_path})


@pytest.fixture
def ask(own: Settings) -> Ask:
    known = {name: value for name, value in environment(own).items() if name not in ("PORT", "BASE_URL")}
    elsewhere = {name: value for name, value in os.environ.items() if name not in ("PORT", "BASE_URL")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", PROGRAM, "flask", *words]
        return subprocess.run(command, cwd=ROOT, env=elsewhere | known, capture_output=True, text=True, check=False)

    return run


class TestBesideABlogOnAnyPort:
    @pytest.fixture
    def own(self, blog: LiveBlog) -> Settings:
        return blog.settings

    def test_the_doctor_asks_that_blog(self, blog: LiveBlog, ask: Ask) -> None:
        with noted(blog.settings):
            told = ask("store", "doctor")
        assert (told.returncode, told.stderr, "BROKEN" in told.stdout) == (0, "", False)


class TestBesideAnotherBlog:
    def test_the_doctor_says_so(self, blog: LiveBlog, own: Settings, ask: Ask) -> None:
        with noted(blog.settings.model_copy(update={"instance_dir": own.instance_dir})):
            told = ask("store", "doctor")
        sentence = f"Error: What answers at {blog.url} does not show this blog's files: it is another blog,"
        assert (told.returncode, told.stderr.startswith(sentence), told.stderr.count("\n")) == (1, True, 1)


class TestACommandThatFlaskDoesNotKnow:
    @pytest.mark.parametrize("word", ["--nonsense", "nonsense"])
    def test_is_refused_in_one_line(self, ask: Ask, word: str) -> None:
        told = ask(word)
        assert (told.returncode, word in told.stderr, told.stderr.count("\n")) == (1, True, 1)
