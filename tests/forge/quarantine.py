"""Tests that may fail for a while: each with an owner, a reason and a day on which that ends.

```toml
[[test]]
id = "tests/e2e/test_uploads.py::TestAnUpload::test_ends"
owner = "Ada"
reason = "the store of the new region answers late"
until = 2026-12-31
```
"""

import os
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from .report.facts import git


@dataclass(frozen=True)
class Entry:
    """A test by its id, with or without its parameters, or a whole class or file."""

    id: str
    owner: str
    reason: str
    until: date


def quarantined(root: Path, file: str) -> list[Entry]:
    """The entries of that file; a pull request's are those of the branch it goes to, so that it cannot excuse itself.

    Raises UsageError for an entry that lacks something, or that has expired.
    """
    try:
        entries = [_entry(fields) for fields in _tables(_text(root, file))]
    except ValueError as error:
        raise pytest.UsageError(f"{file}: {error}.") from None
    today = datetime.now(UTC).date()
    for entry in entries:
        if entry.until < today:
            raise pytest.UsageError(
                f"{file}: {entry.id} was to be mended by {entry.until} ({entry.owner}: {entry.reason}). "
                "Mend it, or agree on another day."
            )
    return entries


def _tables(text: str) -> list[dict[str, Any]]:
    named = tomllib.loads(text)
    if others := named.keys() - {"test"}:
        raise ValueError(f"an entry is a [[test]], and not {', '.join(sorted(others))}")
    return list(named.get("test", []))


def _entry(fields: dict[str, Any]) -> Entry:
    kinds = {"id": str, "owner": str, "reason": str, "until": date}
    if fields.keys() != kinds.keys() or not all(fields[name] and type(fields[name]) is kinds[name] for name in kinds):
        raise ValueError(f"each [[test]] needs id, owner, reason and until (a date); one has {fields}")
    return Entry(**fields)


def _text(root: Path, file: str) -> str:
    if base := os.environ.get("GITHUB_BASE_REF"):
        return git(root, "show", f"origin/{base}:./{file}")
    path = root / file
    return path.read_text(encoding="utf-8") if path.exists() else ""
