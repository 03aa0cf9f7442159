"""The folder of the blog's own files: closed to other users, and where a development blog keeps its secret."""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

SECRET_BYTES = 32


def keep_private(instance_dir: Path) -> None:
    """Let no other user of this machine read the blog's data: neither by the folder, nor by a file of it elsewhere."""
    os.umask(0o077)
    instance_dir.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(instance_dir.stat().st_mode)
    # A folder such as /tmp is everybody's; of one that is not ours, its owner decides.
    if mode & 0o077 and not mode & stat.S_ISVTX:
        with contextlib.suppress(PermissionError):
            instance_dir.chmod(mode & 0o700)


def kept_secret(instance_dir: Path) -> str:
    """The secret of a blog that was given none: made once, and the same for all of its processes."""
    path = instance_dir / "secret_key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=instance_dir) as file:
            file.write(secrets.token_hex(SECRET_BYTES))
            file.flush()
            # Workers start at the same moment: a link, unlike a write, has one winner and is never half there.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()
