"""Playwright's own HTML report, which ships inside its Python wheel, filled with the results of a run.

The format is internal to Playwright Test: known of the versions below, and refused in a sentence for any other.
"""

import base64
import hashlib
import io
import json
import mimetypes
import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import playwright

from .results import Attempt, Run, outcome

DRIVER = Path(playwright.__file__).parent / "driver/package"
KNOWN = ("1.65.",)
SCRIPT = '<script type="module" crossorigin src="./report.js"></script>'
STYLE = '<link rel="stylesheet" crossorigin href="./report.css">'
KINDS = ("expected", "unexpected", "flaky", "skipped")
NOT_SHOWN = ("*.map", "uiMode*", "xtermModule*")


class NoReport(Exception):
    """The report cannot be made; the sentence says why."""


def write(run: Run, folder: Path, results: Path) -> None:
    """Write that run's report into the folder; the attachments are looked up in the results'."""
    page = _page()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    tests = [_test(attempts, folder, results) for attempts in run.tests().values()]
    (folder / "index.html").write_text(
        f'{page}<template id="playwrightReportBase64">data:application/zip;base64,{_zipped(run, tests)}</template>',
        encoding="utf-8",
    )
    if any(each["name"] == "trace" for test in tests for result in test["results"] for each in result["attachments"]):
        viewer = DRIVER / "lib/vite/traceViewer"
        shutil.copytree(viewer, folder / "trace", ignore=shutil.ignore_patterns(*NOT_SHOWN))


def _page() -> str:
    """The report's page with its script and style inside it, which is what lets it open from a disk."""
    try:
        version = json.loads((DRIVER / "package.json").read_text(encoding="utf-8"))["version"]
        page, script, style = (
            (DRIVER / "lib/vite/htmlReport" / name).read_text(encoding="utf-8")
            for name in ("index.html", "report.js", "report.css")
        )
    except (OSError, KeyError, ValueError) as error:
        raise NoReport(f"Playwright's report is not where it was ({error}).") from None
    if not version.startswith(KNOWN) or SCRIPT not in page or STYLE not in page:
        raise NoReport(f"The report of Playwright {version} is not known here.")
    return page.replace(SCRIPT, f'<script type="module">{script}</script>').replace(STYLE, f"<style>{style}</style>")


def _zipped(run: Run, tests: Sequence[dict[str, Any]]) -> str:
    files = [_file(name, tests) for name in sorted({test["location"]["file"] for test in tests})]
    with io.BytesIO() as archive:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as entries:
            entries.writestr("report.json", json.dumps(_summary(run, files, tests)))
            for file in files:
                whole = {name: file[name] for name in ("fileId", "fileName", "tests")}
                entries.writestr(f"{file['fileId']}.json", json.dumps(whole))
        return base64.b64encode(archive.getvalue()).decode()


def _summary(run: Run, files: Sequence[dict[str, Any]], tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "metadata": dict(run.facts),
        "startTime": run.start * 1000,
        "duration": run.duration * 1000,
        "files": [{**file, "tests": [_in_short(test) for test in file["tests"]]} for file in files],
        "stats": _stats(tests),
        "projectNames": sorted({test["projectName"] for test in tests} - {""}),
        "errors": [],
        "options": {"title": "", "noCopyPrompt": False, "noSnippets": False, "mergeFiles": False},
        "machines": _machines(run),
    }


def _in_short(test: dict[str, Any]) -> dict[str, Any]:
    kept = ("attachments", "startTime", "workerIndex")
    return {**test, "results": [{name: result[name] for name in kept} for result in test["results"]]}


def _machines(run: Run) -> list[dict[str, Any]]:
    """A line of the timeline for each worker, which runs one test after the other."""
    workers: dict[tuple[int, int], list[Attempt]] = {}
    for attempt in run.attempts:
        workers.setdefault((attempt.shard, attempt.worker), []).append(attempt)
    return [
        {
            "tag": [f"worker {worker}"],
            "startTime": (start := min(each.start for each in attempts)) * 1000,
            "duration": (max(each.start + each.duration for each in attempts) - start) * 1000,
            **({"shardIndex": shard} if shard else {}),
        }
        for (shard, worker), attempts in sorted(workers.items())
    ]


def _file(name: str, tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    within = [test for test in tests if test["location"]["file"] == name]
    return {"fileId": _digest(name.encode()), "fileName": name, "stats": _stats(within), "tests": within}


def _stats(tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts = {kind: sum(test["outcome"] == kind for test in tests) for kind in KINDS}
    return {"total": len(tests), **counts, "ok": not counts["unexpected"]}


def _test(attempts: Sequence[Attempt], folder: Path, results: Path) -> dict[str, Any]:
    last, found = attempts[-1], outcome(attempts)
    return {
        "testId": _digest(last.test.encode()),
        "title": last.title,
        "path": list(last.classes),
        "projectName": last.browser,
        "location": {"file": last.file, "line": last.line, "column": 0},
        "annotations": list(last.annotations),
        "tags": list(last.tags),
        "outcome": found,
        "duration": sum(attempt.duration for attempt in attempts) * 1000,
        "ok": found != "unexpected",
        "results": [_result(number, attempt, folder, results) for number, attempt in enumerate(attempts)],
    }


def _result(number: int, attempt: Attempt, folder: Path, results: Path) -> dict[str, Any]:
    return {
        "retry": number,
        "startTime": _iso(attempt.start),
        "duration": attempt.duration * 1000,
        "steps": [_step(step) for step in attempt.steps],
        "errors": [{"message": error} for error in attempt.errors],
        "attachments": [_attachment(dict(each), folder, results) for each in attempt.attachments],
        "status": attempt.status,
        "annotations": list(attempt.annotations),
        "workerIndex": attempt.worker,
    }


def _step(step: Any) -> dict[str, Any]:
    return {
        "title": step["title"],
        "startTime": _iso(step["start"]),
        "duration": step["duration"] * 1000 if step["duration"] >= 0 else -1,
        **{name: step[name] for name in ("location", "error") if name in step},
        "steps": [_step(inner) for inner in step["steps"]],
        "attachments": [],
        "count": 1,
        "skipped": False,
    }


def _attachment(attachment: dict[str, str], folder: Path, results: Path) -> dict[str, str]:
    """The same, with its file, if it has one, under the name of its content."""
    if "path" in attachment:
        body = (results / attachment["path"]).read_bytes()
        path = f"data/{_digest(body)}{Path(attachment['path']).suffix}"
        (folder / path).write_bytes(body)
        attachment["path"] = path
    return attachment


def content_type(file: Path) -> str:
    return mimetypes.guess_type(file.name)[0] or "text/plain"


def _digest(body: bytes) -> str:
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
