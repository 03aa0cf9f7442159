"""Files whose first line is a label, and the disk's errors as the store's own."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.storage.store import AlreadyStored, ObjectNotFound, StoreError, StoreUnavailable

LONGEST_LABEL = 2048


@dataclass(frozen=True)
class Label:
    """The first line of every file here: metadata that cannot part from its bytes."""

    content_type: str
    sha256: str


def read_label(file: BinaryIO) -> tuple[Label, int]:
    """The label and the size of the body, where the file is left to be read on."""
    label = Label(**json.loads(file.readline(LONGEST_LABEL)))
    return label, os.fstat(file.fileno()).st_size - file.tell()


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def on_disk(missing: type[StoreError] = ObjectNotFound) -> Iterator[None]:
    """Turn the disk's errors into the store's own."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise missing from error
    except FileExistsError as error:
        raise AlreadyStored from error
    except OSError as error:
        message = f"The disk refused: {error.strerror}."
        raise StoreUnavailable(message) from error
