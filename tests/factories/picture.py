"""Pictures, as files."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def a_picture(width: int = 64, height: int = 48, color: str = "navy", kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, kind, **options)
    return file.getvalue()


def black_png(width: int, height: int, *, bits: int = 1) -> bytes:
    """A picture, all black, made without ever holding its pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    deflate = zlib.compressobj(9)
    rows = b"".join(deflate.compress(bytes(1 + width * bits // 8)) for _ in range(height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PICTURE = a_picture(80, 60)
