"""The commands in bin/, in a clone where nothing is installed yet."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.dev.clone import BASE, Clone, run

pytestmark = pytest.mark.programs

MOST_LINES = 10


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("bare"))
    # Of the standard library alone, whatever else this machine's Python has.
    clone.program("python3", run(BASE).replace(BASE, f"{BASE} -s -S"))
    return clone


def asked(clone: Clone, command: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = clone.ask(str(clone.root / "bin" / command.name), *words)
    assert not (clone.root / ".venv").exists()
    return done


@pytest.mark.parametrize("command", sorted((ROOT / "bin").iterdir()), ids=lambda path: path.name)
class TestACommand:
    @pytest.mark.parametrize("word", ["--help", "-h"])
    def test_says_what_it_does_before_anything_is_installed(self, clone: Clone, command: Path, word: str) -> None:
        done = asked(clone, command, word)
        named, short = f"bin/{command.name}" in done.stdout, len(done.stdout.splitlines()) <= MOST_LINES
        assert (done.returncode, done.stderr, named, short) == (0, "", True, True)


class TestTheTestsHelp:
    @pytest.mark.parametrize("word", ["--postgres", "-k", "-x", "--headed", "--base-url", "pytest --help"])
    def test_names(self, clone: Clone, word: str) -> None:
        assert word in asked(clone, Path("test"), "--help").stdout


class TestAnUnknownWord:
    @pytest.mark.parametrize("command", ["bench", "run", "lock", "sabotage", "session", "status"])
    @pytest.mark.parametrize("word", ["--nonsense", "nonsense"])
    def test_is_refused_in_one_line(self, clone: Clone, command: str, word: str) -> None:
        done = asked(clone, Path(command), word)
        ours = done.stderr.startswith(f"bin/{command}: ")
        assert (done.returncode, done.stderr.count("\n"), ours) == (1, 1, True)
