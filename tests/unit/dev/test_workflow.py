"""The workflow of GitHub Actions, by the schema that its runners read."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.programs


class TestTheWorkflow:
    def test_is_one_that_github_understands(self) -> None:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
        checked = subprocess.run(
            [*command, ROOT / ".github/workflows/tests.yml"], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout
