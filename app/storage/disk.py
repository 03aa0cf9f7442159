"""Files on this machine's disk, under the promises that S3 makes."""

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from app.storage.disposition import Disposition, content_disposition
from app.storage.labelled_files import Label, on_disk, read_label, sync, sync_folder
from app.storage.readers import sliced
from app.storage.signed_urls import Refused, SignedUrls
from app.storage.store import (
    SMALLEST_PART,
    AlreadyStored,
    ListedObject,
    ListedUpload,
    ObjectInfo,
    ObjectNotFound,
    Part,
    Readable,
    Store,
    StoreError,
    Upload,
    UploadNotFound,
    WrongParts,
    composite,
    validated_key,
)

CHUNK = 1024 * 1024
CHECKSUM_HEADER = "x-checksum-sha256"
# Nothing that is still arriving is as old as this.
ABANDONED_AFTER = 24 * 3600
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


class WrongBody(StoreError):
    """The bytes are not those that were announced."""

    status = 400
    sentence = "The bytes are not those that were announced."


@dataclass(frozen=True)
class Download:
    """What a signed GET may have: a seekable body, and the headers to send with it."""

    body: BinaryIO
    size: int
    content_type: str
    disposition: str
    sha256: str


class DiskStore(Store):
    """Objects are files below `root`; the URLs lead to the route at `base_url`, which calls `receive` and `serve`."""

    def __init__(self, root: Path, base_url: str, secret: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._urls = SignedUrls(self.base_url, secret)
        self._objects = root / "objects"
        self._uploads = root / "uploads"
        self._root = root

    def presign_put(self, key: str, content_type: str, *, size: int, sha256: str, expires_in: int) -> Upload:
        headers = {"Content-Type": content_type, CHECKSUM_HEADER: sha256, "If-None-Match": "*"}
        return Upload(
            self._urls.sign("PUT", validated_key(key), expires_in, size=size, headers=headers), "PUT", headers
        )

    def presign_get(
        self, key: str, filename: str, content_type: str, *, disposition: Disposition, expires_in: int
    ) -> str:
        shown = {"type": content_type, "disposition": content_disposition(filename, content_type, disposition)}
        return self._urls.sign("GET", validated_key(key), expires_in, **shown)

    def put_file(self, key: str, content_type: str, body: BinaryIO, *, size: int, sha256: str) -> None:
        self._receive_object(validated_key(key), Label(content_type, sha256), size, body)

    def head(self, key: str) -> ObjectInfo | None:
        try:
            with on_disk(), self._object(key).open("rb") as file:
                label, size = read_label(file)
        except ObjectNotFound:
            return None
        return ObjectInfo(size, label.content_type, label.sha256)

    @contextmanager
    def open(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[Readable]:
        with on_disk(), self._object(key).open("rb") as file:
            _, size = read_label(file)
            begin = file.tell()
            yield sliced(file, begin + start, begin + (size if stop is None else stop))

    def delete(self, key: str) -> None:
        with on_disk():
            self._object(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[ListedObject]:
        with on_disk():
            paths = {path.relative_to(self._objects).as_posix(): path for path in self._objects.rglob("*")}
        for key in sorted(each for each in paths if each.startswith(prefix)):
            # Not there any more, or a folder.
            with suppress(OSError), paths[key].open("rb") as file:
                _, size = read_label(file)
                yield ListedObject(key, size, datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC))

    def create_multipart(self, key: str, content_type: str) -> str:
        upload_id = secrets.token_hex(16)
        manifest = json.dumps({"key": validated_key(key), "content_type": content_type})
        with on_disk():
            self._uploads.mkdir(parents=True, exist_ok=True)
            # Appears whole or not at all.
            preparing = self._incoming / upload_id
            preparing.mkdir()
            (preparing / "manifest.json").write_text(manifest)
            preparing.rename(self._uploads / upload_id)
        return upload_id

    def presign_part(self, key: str, upload_id: str, number: int, *, size: int, sha256: str, expires_in: int) -> Upload:
        headers, part = {CHECKSUM_HEADER: sha256}, [upload_id, number]
        url = self._urls.sign("PUT", validated_key(key), expires_in, size=size, headers=headers, part=part)
        return Upload(url, "PUT", headers)

    def list_parts(self, key: str, upload_id: str) -> Sequence[Part]:
        folder, _ = self._opened_upload(key, upload_id)
        with on_disk(missing=UploadNotFound):
            return [Part(number, size) for number, size, _ in stored_parts(folder)]

    def complete_multipart(self, key: str, upload_id: str, checksums: Sequence[str]) -> None:
        folder, content_type = self._opened_upload(key, upload_id)
        label = Label(content_type, composite(checksums))
        with on_disk(missing=UploadNotFound), self._temporary(label) as (path, file):
            must_fit(stored_parts(folder), checksums)
            for number, _ in enumerate(checksums, 1):
                with part_path(folder, number).open("rb") as part:
                    read_label(part)
                    shutil.copyfileobj(part, file, CHUNK)
            self._publish(path, file, key)
        shutil.rmtree(folder, ignore_errors=True)

    def abort_multipart(self, key: str, upload_id: str) -> None:
        with suppress(UploadNotFound):
            folder, _ = self._opened_upload(key, upload_id)
            shutil.rmtree(folder, ignore_errors=True)

    def list_multiparts(self, prefix: str) -> Iterator[ListedUpload]:
        for manifest in sorted(self._uploads.glob("*/manifest.json")):
            with suppress(FileNotFoundError):
                key = json.loads(manifest.read_text())["key"]
                started = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
                if key.startswith(prefix):
                    yield ListedUpload(key, manifest.parent.name, started)

    def receive(self, key: str, query: Mapping[str, str], headers: Mapping[str, str], stream: Readable) -> None:
        """Store the body of a signed PUT."""
        signed = self._urls.verify("PUT", key, query)
        given = {name.lower(): value for name, value in headers.items()}
        bound = {**signed["headers"], "Content-Length": str(signed["size"])}
        if any(given.get(name.lower()) != value for name, value in bound.items()):
            raise Refused
        label = Label(bound.get("Content-Type", ""), bound[CHECKSUM_HEADER])
        if "part" in signed:
            upload_id, number = signed["part"]
            self._receive_part(key, upload_id, number, label, signed["size"], stream)
        else:
            self._receive_object(key, label, signed["size"], stream)

    def serve(self, key: str, query: Mapping[str, str]) -> Download:
        """What a signed GET asks for; closing the body is the caller's."""
        signed = self._urls.verify("GET", key, query)
        with on_disk():
            file = self._object(key).open("rb")
            label, size = read_label(file)
            begin = file.tell()
        return Download(sliced(file, begin, begin + size), size, signed["type"], signed["disposition"], label.sha256)

    def _receive_object(self, key: str, label: Label, size: int, stream: Readable) -> None:
        # Before a gigabyte is taken in for nothing; the link decides.
        if self._object(key).exists():
            raise AlreadyStored
        with on_disk(), self._temporary(label) as (path, file):
            copy_verified(stream, file, size, label.sha256)
            self._publish(path, file, key)

    def _receive_part(self, key: str, upload_id: str, number: int, label: Label, size: int, stream: Readable) -> None:
        folder, _ = self._opened_upload(key, upload_id)
        with on_disk(missing=UploadNotFound), self._temporary(label) as (path, file):
            copy_verified(stream, file, size, label.sha256)
            sync(file)
            path.replace(part_path(folder, number))

    def _publish(self, path: Path, file: BinaryIO, key: str) -> None:
        sync(file)
        target = self._object(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Unlike a rename, a link never replaces what is there: of many at once one succeeds.
        os.link(path, target)
        sync_folder(target.parent)

    @contextmanager
    def _temporary(self, label: Label) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._incoming / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                file.write(json.dumps(asdict(label)).encode() + b"\n")
                yield path, file
        finally:
            path.unlink(missing_ok=True)

    @cached_property
    def _incoming(self) -> Path:
        folder = self._root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            # Left by workers that were killed.
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
                    left.unlink()
        return folder

    def _object(self, key: str) -> Path:
        return self._objects / validated_key(key)

    def _opened_upload(self, key: str, upload_id: str) -> tuple[Path, str]:
        if not UPLOAD_ID.fullmatch(upload_id):
            raise UploadNotFound
        folder = self._uploads / upload_id
        with on_disk(missing=UploadNotFound):
            manifest = json.loads((folder / "manifest.json").read_text())
        if manifest["key"] != key:
            raise UploadNotFound
        return folder, manifest["content_type"]


def copy_verified(source: Readable, target: BinaryIO, size: int, sha256: str) -> None:
    digest = hashlib.sha256()
    left = size
    while left and (chunk := source.read(min(left, CHUNK))):
        digest.update(chunk)
        target.write(chunk)
        left -= len(chunk)
    if base64.b64encode(digest.digest()).decode() != sha256:
        raise WrongBody


def must_fit(stored: Sequence[tuple[int, int, str]], checksums: Sequence[str]) -> None:
    if not stored or [(number, sha256) for number, _, sha256 in stored] != list(enumerate(checksums, 1)):
        raise WrongParts
    if any(size < SMALLEST_PART for _, size, _ in stored[:-1]):
        raise WrongParts


def stored_parts(folder: Path) -> list[tuple[int, int, str]]:
    found = []
    for path in sorted(folder.glob("*.part")):
        with path.open("rb") as file:
            label, size = read_label(file)
        found.append((int(path.stem), size, label.sha256))
    return found


def part_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05}.part"
