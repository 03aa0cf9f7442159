"""The folder of a run's results: JSON lines, and what is made of them."""

import os
from pathlib import Path

from . import html, junit, verdict
from .results import Run

REPORT = "report"


def write(run: Run, folder: Path) -> list[str]:
    """Write the report, JUnit and summary beside the lines. Return what is to be said of them."""
    junit.write(run, folder / "junit.xml")
    summary = verdict.markdown(run)
    (folder / "summary.md").write_text(summary, encoding="utf-8", errors="backslashreplace")
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(summary)
    if not any(attempt.browser for attempt in run.attempts):
        return []
    try:
        html.write(run, folder / REPORT, folder)
    except html.NoReport as error:
        return [f"{error} The results are in {_shown(folder)}: results.jsonl and junit.xml."]
    return [f"Report: {_shown(folder / REPORT / 'index.html')}"]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
