"""No docstring is text for people: without them, the blog says the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.programs

# Every command's help, every error's sentence, and pages of each kind.
CODE = """
import sys
from importlib.machinery import SourceFileLoader

def without_docstrings(self, name, kept=SourceFileLoader.get_code):
    # As `python -OO` does, but for our own code alone: all libraries would have to be compiled anew.
    if name.partition(".")[0] != "app":
        return kept(self, name)
    return compile(self.get_data(self.path), self.path, "exec", optimize=2)

if "-OO" in sys.argv:
    SourceFileLoader.get_code = without_docstrings

import inspect
import re
from functools import partial
import click
from app import errors
from app.config import load_settings
from app.factory import create_app

def helps(command, name):
    context = click.Context(command, info_name=name)
    yield command.get_help(context)
    for each in sorted(getattr(command, "commands", ())):
        yield from helps(command.commands[each], each)

app = create_app(load_settings())
# The log has the other stream.
say = partial(print, file=sys.stderr)
say(*helps(app.cli, "flask"), sep="\\n")
for name, error in inspect.getmembers(errors, inspect.isclass):
    say(name, getattr(error, "status", ""), getattr(error, "sentence", ""))
client = app.test_client()
for path in ("/", "/nothing", "/api/nothing", "/blogs", "/api/blogs", "/auth/google", "//", "/healthz"):
    answer = client.get(path)
    say(path, answer.status, answer.text.replace(answer.headers["X-Request-ID"], "an id"))
"""


def said(folder: Path, *options: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "INSTANCE_DIR": str(folder), "OIDC_ISSUER": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", CODE, *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stderr


class TestPythonWithoutDocstrings:
    def test_says_the_same(self, tmp_path: Path) -> None:
        assert said(tmp_path, "-OO") == said(tmp_path)
