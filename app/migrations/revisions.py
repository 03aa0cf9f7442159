"""The schema's revisions, read from their files: Alembic takes as long to import as the blog takes to start.

Standard library only, because `bin/run` asks before anything is installed.
"""

import re
from pathlib import Path

VERSIONS = Path(__file__).with_name("versions")


def revisions(versions: Path) -> tuple[set[str], set[str]]:
    """Every revision there, and the latest: those that no other follows."""
    scripts = "".join(file.read_text() for file in versions.glob("*.py"))
    known, followed = (
        set(re.findall(rf'^{name}\b.*= "(\w+)"', scripts, re.MULTILINE)) for name in ("revision", "down_revision")
    )
    return known, known - followed
