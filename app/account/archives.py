"""What somebody brings to be imported: a zip, or files of a folder. A name in it is a name, and never a path here."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from app.errors import Invalid
from app.storage.store import MAX_FILE_BYTES

MAX_IMPORT_BYTES = MAX_FILE_BYTES
# Of a zip: 10,000 blogs with a file each. Each costs 1 kB while it is open.
MAX_ENTRIES = 20_000
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
MAX_RATIO = 100
# Under this size an entry may be packed as well as it can be.
MAX_SMALL = 1024 * 1024
TEXTS = (".md", ".markdown")
# APPNOTE 4.3.16 and 4.3.14: the end of the directory, which a comment may follow, and its wider twin before it.
_END, _END_64, _LOCATOR_64 = b"PK\5\6", b"PK\6\6", 20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, ValueError)
NO_ZIP = "This is not a zip that can be read"


class CannotBeRead(Exception):
    """A file of what was brought is damaged, or larger than it may be. Says why."""


class Brought(Protocol):
    """Files by their names."""

    @property
    def names(self) -> Collection[str]: ...

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """The file's bytes, which can be sought in. Raises CannotBeRead."""


class BroughtFiles:
    """Files that were sent one by one. Of two with one name the later counts."""

    def __init__(self, files: Sequence[tuple[str, BinaryIO]]) -> None:
        self._files = {_plain(name): file for name, file in files}

    @property
    def names(self) -> Collection[str]:
        return self._files.keys()

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        file = self._files[name]
        file.seek(0)
        return nullcontext(file)


class BroughtZip:
    """The files in a zip. Raises Invalid for one that is none, or has more in it than is taken."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            if _directory_bytes(file) > MAX_DIRECTORY_BYTES:
                raise Invalid({"import": f"A zip may have at most {MAX_ENTRIES:,} files in it"})
            self._archive = zipfile.ZipFile(file)
        except _UNREADABLE:
            raise Invalid({"import": NO_ZIP}) from None
        infos = [info for info in self._archive.infolist() if not info.is_dir()]
        if len(infos) > MAX_ENTRIES:
            raise Invalid({"import": f"A zip may have at most {MAX_ENTRIES:,} files in it"})
        # Of entries that overlap, too: each is counted as what it would be.
        if sum(info.file_size for info in infos) > MAX_IMPORT_BYTES:
            raise Invalid({"import": f"The files in a zip may have at most {MAX_IMPORT_BYTES // 1024**3} GB together"})
        self._infos = {_plain(info.filename): info for info in infos}

    @property
    def names(self) -> Collection[str]:
        return self._infos.keys()

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        info = self._infos[name]
        if info.file_size > max(MAX_SMALL, MAX_RATIO * info.compress_size):
            raise CannotBeRead("It is packed more tightly than is taken")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise CannotBeRead("It is encrypted, or packed in a way that is not read here")
        try:
            return self._archive.open(info)  # type: ignore[return-value]
        except _UNREADABLE:
            raise CannotBeRead("It is damaged") from None


def read_pieces(file: BinaryIO, size: int) -> bytes:
    """At most so many bytes of the file. Raises CannotBeRead where it is damaged."""
    try:
        return file.read(size)
    except _UNREADABLE:
        raise CannotBeRead("It is damaged") from None


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def is_text(name: str) -> bool:
    return name.lower().endswith(TEXTS) and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def beside(name: str, target: str) -> str:
    """The name that a link in the file of that name leads to; nothing for one that leads elsewhere."""
    path = unquote(target.partition("#")[0].partition("?")[0])
    if ":" in path or path.startswith("//"):
        return ""
    return _plain(path[1:] if path.startswith("/") else posixpath.join(posixpath.dirname(name), path))


def _plain(name: str) -> str:
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")


def _directory_bytes(file: BinaryIO) -> int:
    """How long the zip's directory says that it is. zipfile reads all of it into memory, before it can be asked."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - 65_535 - 22 - _LOCATOR_64 - 56))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile
    [length] = struct.unpack_from("<L", tail, at + 12)
    if length == 0xFFFFFFFF:
        wide = tail.rfind(_END_64, 0, at)
        if wide < 0:
            raise zipfile.BadZipFile
        [length] = struct.unpack_from("<Q", tail, wide + 40)
    # What lies between here and there cannot be longer than the file.
    return min(int(length), start + at)
