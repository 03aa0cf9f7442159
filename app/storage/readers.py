"""Streams over what can be read at any place."""

import io
import os
from abc import abstractmethod
from typing import BinaryIO


class RandomReader(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    @abstractmethod
    def read_at(self, at: int, wanted: int) -> bytes:
        """Some bytes from there, `wanted` at most; there is at least one."""

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
        wanted = min(len(buffer), self._size - self._at)
        data = self.read_at(self._at, wanted) if wanted > 0 else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Slice(RandomReader):
    """The bytes of `file` from `start` up to `stop`; closing it closes the file."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        super().__init__(stop - start)
        self._file = file
        self._start = start

    def read_at(self, at: int, wanted: int) -> bytes:
        self._file.seek(self._start + at)
        return self._file.read(wanted)

    def close(self) -> None:
        self._file.close()
        super().close()


def buffered_slice(file: BinaryIO, start: int, stop: int) -> BinaryIO:
    return io.BufferedReader(Slice(file, start, stop))
