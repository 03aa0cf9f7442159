"""Which commit was tested, and by which run of a continuous integration, in the words of Playwright's report."""

import os
import subprocess
from pathlib import Path
from typing import Any

SEPARATOR = "\x1f"
# Names without addresses: a report is shown around.
FORMAT = SEPARATOR.join(("%H", "%h", "%s", "%an", "%at", "%cn", "%ct"))


def facts(root: Path) -> dict[str, Any]:
    """The report's metadata: `gitCommit` and `ci`, where there are such."""
    found = {"gitCommit": _commit(root), "ci": _ci()}
    return {name: fact for name, fact in found.items() if fact}


def git(root: Path, *arguments: str) -> str:
    """What git prints, or nothing where it has nothing to say."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _commit(root: Path) -> dict[str, Any]:
    told = git(root, "log", "-1", f"--format={FORMAT}").split(SEPARATOR)
    if len(told) != len(FORMAT.split(SEPARATOR)):
        return {}
    commit, short, subject, author, written, committer, committed = told
    return {
        "hash": commit,
        "shortHash": short,
        "subject": subject,
        "branch": git(root, "rev-parse", "--abbrev-ref", "HEAD"),
        "author": {"name": author, "email": "", "time": int(written) * 1000},
        "committer": {"name": committer, "email": "", "time": int(committed) * 1000},
    }


def _ci() -> dict[str, str]:
    """Of GitHub Actions: https://docs.github.com/actions/reference/workflows-and-actions/variables."""
    variable = os.environ.get
    if not (server := variable("GITHUB_SERVER_URL")) or not (repository := variable("GITHUB_REPOSITORY")):
        return {}
    at, commit = f"{server}/{repository}", variable("GITHUB_SHA", "")
    pull = variable("GITHUB_REF", "").removeprefix("refs/pull/").partition("/")[0]
    return {
        "commitHash": commit,
        "commitHref": f"{at}/commit/{commit}",
        "buildHref": f"{at}/actions/runs/{variable('GITHUB_RUN_ID', '')}",
        **({"prHref": f"{at}/pull/{pull}"} if pull.isdecimal() else {}),
    }
