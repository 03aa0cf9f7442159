"""A part of a file that reads like a whole one."""

import io
import os
from typing import BinaryIO


class Slice(io.RawIOBase):
    """The bytes of `file` from `start` up to `stop`; closing it closes the file."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file = file
        self._start = start
        self._size = max(stop - start, 0)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(origin + offset, 0)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(self._size - self._at, 0))
        self._file.seek(self._start + self._at)
        read = self._file.readinto(memoryview(buffer)[:wanted])  # type: ignore[attr-defined]
        self._at += read
        return int(read)

    def close(self) -> None:
        self._file.close()
        super().close()


def buffered_slice(file: BinaryIO, start: int, stop: int) -> BinaryIO:
    return io.BufferedReader(Slice(file, start, stop))
