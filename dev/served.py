"""Which blog `bin/run` serves, for the commands that work on it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dev.steps import SetupError

if TYPE_CHECKING:
    from app.config import Settings

NOTE = "served-at"
PROVIDER_PORT = "provider-port"


def loaded(port: int | None = None) -> "Settings":
    # Only now are the packages there.
    from app.config import SettingsError, load_settings

    if port:
        os.environ["PORT"] = str(port)
    try:
        return load_settings()
    except SettingsError as error:
        raise SetupError(str(error)) from None


def local_issuer(settings: "Settings") -> str:
    """The address of the local sign-in provider, by which the blog knows its people."""
    with contextlib.suppress(FileNotFoundError):
        return f"http://127.0.0.1:{(settings.instance_dir / PROVIDER_PORT).read_text()}"
    raise SetupError("There is no blog here yet: start it once, with bin/run.")


@contextlib.contextmanager
def noted(settings: "Settings") -> Iterator[Path]:
    """Keeps the address in the instance folder, in the file that it yields, as long as the block lasts."""
    note = settings.instance_dir / NOTE
    address = f"PORT={settings.port}\nBASE_URL={settings.base_url}\n"
    note.write_text(address)
    try:
        yield note
    finally:
        # Another start, on another port, may have written its own meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if note.read_text() == address:
                note.unlink()


def served() -> "Settings":
    """The settings, with the address that is served now, which is then in the environment too."""
    note = loaded().instance_dir / NOTE
    if not {"PORT", "BASE_URL"} & os.environ.keys():
        with contextlib.suppress(FileNotFoundError):
            os.environ |= dict(line.split("=", 1) for line in note.read_text().splitlines())
    return loaded()
