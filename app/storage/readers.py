"""A part of a file, as a stream."""

import io
import os
from typing import BinaryIO, cast


class Slice(io.RawIOBase):
    """The bytes of `file` from `start` up to `stop`; closing it closes the file.

    The file's descriptor always stands where the slice does.
    """

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file = file
        self._start, self._stop = start, stop
        self.seek(0)

    @property
    def begins_the_file(self) -> bool:
        """Whether a server may send the bytes by itself: where it cannot, it seeks in the slice as if in the file."""
        return self._start == 0

    def fileno(self) -> int:
        return self._file.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return os.lseek(self.fileno(), 0, os.SEEK_CUR) - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._stop - self._start}[whence]
        return os.lseek(self.fileno(), self._start + max(origin + offset, 0), os.SEEK_SET) - self._start

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        left = max(self._stop - self._start - self.tell(), 0)
        return os.readv(self.fileno(), [memoryview(buffer)[:left]])

    def close(self) -> None:
        self._file.close()
        super().close()


def sliced(file: BinaryIO, start: int, stop: int) -> BinaryIO:
    return cast(BinaryIO, Slice(file, start, stop))
