"""What Pillow is asked to do, with bytes that nobody vouches for.

Run as a program it does one job and ends, so that its memory, its crashes and its endless loops are never those of a
web worker: see `image_pool`.
"""

import io
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import BinaryIO

# All that a picture may make Pillow ask for, since nothing can be opened later: see limit_this_process.
from PIL import Image, ImageCms, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401
from PIL.Image import DecompressionBombError as BombError
from PIL.Image import DecompressionBombWarning as BombWarning

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}

MAX_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 40_000_000
# Decoding takes 4 bytes a pixel, and 8 for a progressive CMYK JPEG, 16 for WebP, 12 for an animation's canvases.
MAX_PIXELS_BY_KIND = {"CMYK": 30_000_000, "WEBP": 16_000_000}
MAX_PIXELS_ANIMATED = 10_000_000
MAX_FRAMES = 1000
MAX_PIXELS_OF_ALL_FRAMES = 500_000_000

MAX_SECONDS = 20
STANDARD_STREAMS = 3
# Of address space, libraries included: a net below the limits above.
MAX_MEMORY = 600 * 1024 * 1024

UNDECODABLE = 3
OVER_LIMIT = 4

ORIENTATION = 0x0112
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_ITS_SIDE = {5, 6, 7, 8}
STRIP_HEIGHT = 256
QUALITY = 80
# WebP has no more.
LONGEST_SIDE = 16383


class Undecodable(Exception):
    """The bytes are no image of the declared type."""


class OverLimit(Exception):
    """Decoding would take more than a limit above; the text is a sentence for people."""


@dataclass(frozen=True)
class ImageInfo:
    """An image as people see it: turned as its EXIF says."""

    width: int
    height: int
    format: str


def inspect(stream: BinaryIO, declared_type: str) -> ImageInfo:
    """Decode all of it, so that nothing damaged is ever taken in."""
    with opened(stream, [FORMATS[declared_type]]) as image:
        info = ImageInfo(*size_as_seen(image), str(image.format))
        # For a JPEG the smallest scale reads every byte too, and needs a 64th of the memory.
        image.draft(None, (1, 1))
        image.load()
        decode_other_frames(image)
        return info


def variant(stream: BinaryIO, width: int) -> bytes:
    """The first frame as WebP, at most `width` wide: pixels, and nothing else that the file held."""
    pixels = pixels_to_fit(stream, width)
    # A new image, because what a file says beside its pixels travels in `info` and would be saved with them.
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=QUALITY)
    return out.getvalue()


def pixels_to_fit(stream: BinaryIO, width: int) -> Image.Image:
    with opened(stream, list(FORMATS.values())) as image:
        size = size_to_fit(image, width)
        turn = TURNED.get(orientation(image))
        profile = image.info.get("icc_profile")
        image.draft(None, size)
        small = as_srgb(shrunk(image, size), profile)
        return small if turn is None else small.transpose(turn)


@contextmanager
def opened(stream: BinaryIO, formats: list[str]) -> Iterator[Image.Image]:
    try:
        with Image.open(stream, formats=formats) as image:
            check_pixels(image)
            yield image
    except (OverLimit, MemoryError):
        raise
    except (BombError, BombWarning) as error:
        raise OverLimit(f"An image may have at most {MAX_PIXELS // 1_000_000} million pixels.") from error
    except Exception as error:
        # A decoder that is fed rubbish raises anything.
        raise Undecodable from error


def check_pixels(image: Image.Image) -> None:
    limit = min(MAX_PIXELS_BY_KIND.get(kind, MAX_PIXELS) for kind in (str(image.format), image.mode))
    if image.width * image.height > limit:
        raise OverLimit(f"An image of this type may have at most {limit // 1_000_000} million pixels.")


def decode_other_frames(image: Image.Image) -> None:
    for number in range(1, MAX_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            return
        check_animation(image, number)
        image.load()
    raise OverLimit(f"An animation may have at most {MAX_FRAMES} frames.")


def check_animation(image: Image.Image, frames: int) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS_ANIMATED or pixels * frames > MAX_PIXELS_OF_ALL_FRAMES:
        raise OverLimit("The animation is too large: make it smaller or shorter.")


def orientation(image: Image.Image) -> int:
    # EXIF that cannot be read is no reason to refuse the picture.
    with suppress(Exception):
        return int(image.getexif().get(ORIENTATION, 1))
    return 1


def size_as_seen(image: Image.Image) -> tuple[int, int]:
    if orientation(image) in ON_ITS_SIDE:
        return image.height, image.width
    return image.width, image.height


def size_to_fit(image: Image.Image, width: int) -> tuple[int, int]:
    seen_width, seen_height = size_as_seen(image)
    scale = min(width / seen_width, LONGEST_SIDE / seen_height, 1)
    return max(round(image.width * scale), 1), max(round(image.height * scale), 1)


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    factor = int(min(image.width / size[0], image.height / size[1]))
    if factor == 1:
        return plain(image).resize(size, Image.Resampling.LANCZOS)
    # In strips, because converting and shrinking need copies: one of 40 million pixels is enough.
    height = factor * max(STRIP_HEIGHT // factor, 1)
    strips = [
        plain(image.crop((0, top, image.width, min(top + height, image.height)))).reduce(factor)
        for top in range(0, image.height, height)
    ]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        whole.paste(strip, (0, number * height // factor))
    return whole.resize(size, Image.Resampling.LANCZOS)


def plain(image: Image.Image) -> Image.Image:
    """The image in a mode whose values can be averaged."""
    if image.mode.startswith("I;16"):
        # Pillow would cut its values off at 255.
        return image.point(lambda value: value / 256).convert("RGB")
    if image.mode in {"L", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def as_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        # A profile that is broken or of another kind is one that we do without.
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            return converted or image
    return image.convert(mode)


def main(job: str, argument: str) -> int:
    limit_this_process()
    stream = io.BytesIO(sys.stdin.buffer.read(MAX_BYTES + 1))
    # Only now, for a slow source is not the image's fault. It ends this process even inside a decoder.
    signal.alarm(MAX_SECONDS)
    try:
        sys.stdout.buffer.write(done(job, argument, stream))
    except Undecodable:
        return UNDECODABLE
    except OverLimit as error:
        sys.stdout.write(str(error))
        return OVER_LIMIT
    except MemoryError:
        sys.stdout.write("The image takes too much memory.")
        return OVER_LIMIT
    return 0


def done(job: str, argument: str, stream: io.BytesIO) -> bytes:
    if len(stream.getbuffer()) > MAX_BYTES:
        raise OverLimit(f"An image may have at most {MAX_BYTES // 1024 // 1024} MB.")
    if job == "inspect":
        return json.dumps(asdict(inspect(stream, argument))).encode()
    return variant(stream, int(argument))


def limit_this_process() -> None:
    os.nice(10)
    Image.preinit()
    # A picture that takes its decoder over finds no file to read and no connection to send by.
    resource.setrlimit(resource.RLIMIT_NOFILE, (STANDARD_STREAMS, STANDARD_STREAMS))
    with suppress(ValueError, OSError):
        # Not every system lets this be set.
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
