"""What every store of files promises. To write another one, inherit `Store` and run the contract test over it."""

import base64
import hashlib
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import BinaryIO, Protocol

from app.bulkhead import Bulkhead
from app.errors import InkwellError
from app.storage.disposition import Disposition

# S3's own rules: the most that one PUT may send, and the least for every part but the last.
MAX_FILE_BYTES = 5 * 1024**3
SMALLEST_PART = 5 * 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
# Of a worker's eight threads.
PLACES = 4
KEY = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class StoreError(InkwellError):
    """The store could not do it."""

    status = 503
    sentence = "The store could not do it."


class StoreUnavailable(StoreError):
    """The store does not answer, or not as agreed."""

    sentence = "The store does not answer, or not as agreed."


class StoreUnanswered(StoreUnavailable):
    """There was no answer, or none that can be read."""


class ObjectNotFound(StoreError):
    """There is no such object in the store."""

    status = 404
    sentence = "There is no such object in the store."


class UploadNotFound(StoreError):
    """The upload in parts was finished, abandoned, or never begun."""

    status = 404
    sentence = "There is no such upload in parts: it was finished, abandoned, or never begun."


class AlreadyStored(StoreError):
    """There is an object under this key."""

    status = 412
    sentence = "There is an object under this key, and objects are never overwritten."


class WrongParts(StoreError):
    """The parts are not those that were stored."""

    sentence = "The parts are not those that were stored."


@dataclass(frozen=True)
class Upload:
    """A request that the browser replays word for word, with the bytes as its body."""

    url: str
    method: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ObjectInfo:
    """What the store says of an object; `sha256` as in `sha256_of`, or as in `composite` after an upload in parts."""

    size: int
    content_type: str
    sha256: str | None


@dataclass(frozen=True)
class ListedObject:
    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Part:
    """A stored part. Its checksum was compared on arrival, but not every server remembers it."""

    number: int
    size: int


@dataclass(frozen=True)
class ListedUpload:
    key: str
    upload_id: str
    started: datetime


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Store(ABC):
    """A private place for files, to which browsers send them by URLs that this side signs.

    Checksums are SHA-256 in base64, as S3 writes them.
    """

    @cached_property
    def waiting(self) -> Bulkhead:
        """Where threads wait for this store, or for another one that does."""
        return Bulkhead("store", PLACES, lambda _reason: StoreUnavailable())

    @abstractmethod
    def presign_put(self, key: str, content_type: str, *, size: int, sha256: str, expires_in: int) -> Upload:
        """Allow one upload of exactly these bytes under this type; a second one is refused with 412."""

    @abstractmethod
    def presign_get(
        self, key: str, filename: str, content_type: str, *, disposition: Disposition, expires_in: int
    ) -> str: ...

    def put(self, key: str, content_type: str, body: bytes) -> None:
        """Keep something that this side made. Raises AlreadyStored."""
        self.put_file(key, content_type, io.BytesIO(body), size=len(body), sha256=sha256_of(body))

    @abstractmethod
    def put_file(self, key: str, content_type: str, body: BinaryIO, *, size: int, sha256: str) -> None:
        """Keep a file that this side has, piece by piece; it can be sought in. Raises AlreadyStored."""

    @abstractmethod
    def head(self, key: str) -> ObjectInfo | None: ...

    @abstractmethod
    def open(self, key: str, start: int = 0, stop: int | None = None) -> AbstractContextManager[Readable]:
        """Read the bytes from `start` up to, not including, `stop`."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete the object; what is not there is no error."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[ListedObject]: ...

    @abstractmethod
    def create_multipart(self, key: str, content_type: str) -> str:
        """The id of an upload of at most 10,000 parts, each but the last of `SMALLEST_PART` or more."""

    @abstractmethod
    def presign_part(
        self, key: str, upload_id: str, number: int, *, size: int, sha256: str, expires_in: int
    ) -> Upload: ...

    @abstractmethod
    def list_parts(self, key: str, upload_id: str) -> Sequence[Part]: ...

    @abstractmethod
    def complete_multipart(self, key: str, upload_id: str, checksums: Sequence[str]) -> None:
        """Make the object of the parts 1, 2, 3 …, all of those stored, with these checksums."""

    @abstractmethod
    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Abort the upload; what is not there is no error."""

    @abstractmethod
    def list_multiparts(self, prefix: str) -> Iterator[ListedUpload]: ...


def sha256_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def composite(checksums: Iterable[str]) -> str:
    """The checksum of an object from those of its parts, as S3 forms it.

    Nobody, a browser least of all, can form a whole SHA-256 from parts that travelled side by side.
    """
    digests = [base64.b64decode(each) for each in checksums]
    return f"{sha256_of(b''.join(digests))}-{len(digests)}"


def validated_key(key: str) -> str:
    # Without dots there is no path to climb, on a disk or in a URL.
    if not KEY.fullmatch(key):
        message = "The key has characters that no key of ours has."
        raise ValueError(message)
    return key
