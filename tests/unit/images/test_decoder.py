import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from app.images.decoder import MAX_FRAMES, ORIENTATION, ImageInfo, OverLimit, Undecodable, inspect, variant
from tests.factories.picture import black_png

pytestmark = pytest.mark.programs

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
GPS = 0x8825
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    return encoded(Image.effect_noise(size, 90).convert("RGB"), form, **options)


def inspected(body: bytes, declared_type: str) -> ImageInfo:
    return inspect(io.BytesIO(body), declared_type)


def seen(body: bytes, width: int = 320) -> Image.Image:
    return Image.open(io.BytesIO(variant(io.BytesIO(body), width)))


def gif(screen: int, frame: int) -> bytes:
    header = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0, 0, 0)
    return header + b"," + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x02\x44\x01\0;"


@pytest.mark.parametrize("form", TYPES)
class TestAPicture:
    def test_is_measured(self, form: str) -> None:
        assert inspected(picture(form), TYPES[form]) == ImageInfo(64, 48, form)

    def test_is_refused_under_another_type(self, form: str) -> None:
        others = [declared for other, declared in TYPES.items() if other != form]
        for declared in others:
            with pytest.raises(Undecodable):
                inspected(picture(form), declared)

    def test_is_refused_when_its_end_is_missing(self, form: str) -> None:
        body = picture(form)
        with pytest.raises(Undecodable):
            inspected(body[: len(body) // 2], TYPES[form])

    def test_is_shown_as_webp(self, form: str) -> None:
        assert seen(picture(form)).format == "WEBP"

    def test_is_shown_at_the_width_asked_for(self, form: str) -> None:
        assert seen(picture(form, (640, 480)), 320).size == (320, 240)

    def test_is_never_enlarged(self, form: str) -> None:
        assert seen(picture(form), 1280).size == (64, 48)


@pytest.mark.parametrize("declared_type", TYPES.values())
class TestWhatIsNoPicture:
    @pytest.mark.parametrize("body", [b"", HTML, SVG, b"%PDF-1.7\n" + picture(), b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"])
    def test_is_refused(self, declared_type: str, body: bytes) -> None:
        with pytest.raises(Undecodable):
            inspected(body, declared_type)


class TestAPictureThatIsAPageToo:
    @pytest.fixture(params=TYPES)
    def polyglot(self, request: pytest.FixtureRequest) -> bytes:
        return picture(request.param) + HTML

    def test_is_shown_without_the_page(self, polyglot: bytes) -> None:
        assert b"<script>" not in variant(io.BytesIO(polyglot), 320)


class TestAPageInTheCommentOfAGif:
    def test_is_not_shown(self) -> None:
        body = picture("GIF", comment=HTML)
        assert (b"<script>" in body, b"<script>" in variant(io.BytesIO(body), 320)) == (True, False)


class TestABomb:
    @pytest.mark.parametrize(
        ("body", "declared_type"),
        [
            pytest.param(black_png(16_000, 10_000), "image/png", id="20 KB, 160 megapixels"),
            pytest.param(black_png(20_000, 20_000), "image/png", id="400 megapixels"),
            pytest.param(black_png(6_400, 6_400), "image/png", id="41 megapixels"),
            pytest.param(gif(screen=65_535, frame=1), "image/gif", id="a screen of 4,000 megapixels"),
            pytest.param(gif(screen=1, frame=65_535), "image/gif", id="a frame of 4,000 megapixels"),
        ],
    )
    def test_is_refused(self, body: bytes, declared_type: str) -> None:
        with pytest.raises(OverLimit, match="at most 40 million pixels"):
            inspected(body, declared_type)

    def test_makes_no_variant(self) -> None:
        with pytest.raises(OverLimit):
            variant(io.BytesIO(black_png(6_400, 6_400)), 320)

    def test_is_refused_with_fewer_pixels_as_webp(self) -> None:
        body = encoded(Image.new("L", (4001, 4001)), "WEBP", method=0)
        with pytest.raises(OverLimit, match="at most 16 million pixels"):
            inspected(body, "image/webp")


class TestATallPicture:
    def test_is_shown_as_high_as_webp_allows(self) -> None:
        assert seen(black_png(80, 20_000), 320).size == (66, 16_383)


def animation(form: str, frames: int = 3, size: tuple[int, int] = (64, 48)) -> bytes:
    pictures = [Image.new("RGB", size, (number % 256, number // 256, 0)) for number in range(frames)]
    return encoded(pictures[0], form, save_all=True, append_images=pictures[1:])


class TestAnAnimation:
    @pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
    def test_is_measured(self, form: str) -> None:
        assert inspected(animation(form), TYPES[form]) == ImageInfo(64, 48, form)

    @pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
    def test_is_shown_by_its_first_frame(self, form: str) -> None:
        assert getattr(seen(animation(form)), "n_frames", 1) == 1

    def test_is_refused_with_too_many_frames(self) -> None:
        with pytest.raises(OverLimit, match="frames"):
            inspected(animation("GIF", MAX_FRAMES + 1, (1, 1)), "image/gif")

    def test_is_refused_with_too_large_frames(self) -> None:
        with pytest.raises(OverLimit, match="animation"):
            inspected(animation("GIF", 2, (3200, 3200)), "image/gif")

    def test_is_refused_with_too_many_pixels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.images.decoder.MAX_PIXELS_OF_ALL_FRAMES", 64 * 48 * 2)
        with pytest.raises(OverLimit, match="animation"):
            inspected(animation("GIF", 4), "image/gif")


class TestAPictureTakenOnItsSide:
    @pytest.fixture
    def turned(self) -> bytes:
        taken = Image.new("RGB", (64, 32), RED)
        taken.paste(BLUE, (0, 0, 16, 32))
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        exif.get_ifd(GPS)[1] = "N"
        return encoded(taken, "JPEG", exif=exif, quality=95)

    def test_is_measured_upright(self, turned: bytes) -> None:
        assert inspected(turned, "image/jpeg") == ImageInfo(32, 64, "JPEG")

    def test_is_shown_upright(self, turned: bytes) -> None:
        shown = seen(turned).convert("RGB")
        red, _, blue = shown.getpixel((16, 4))  # type: ignore[misc]
        assert (shown.size, blue > red) == ((32, 64), True)

    def test_is_as_wide_as_asked_for_when_upright(self, turned: bytes) -> None:
        assert seen(turned, 16).size == (16, 32)

    def test_is_shown_without_its_place(self, turned: bytes) -> None:
        assert (b"Exif" in turned, b"EXIF" in variant(io.BytesIO(turned), 320)) == (True, False)


class TestAPictureWithBrokenExif:
    @pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
    @pytest.mark.parametrize(
        "exif",
        [
            pytest.param(b"\xff\xff\xff\xff", id="that ends nowhere"),
            pytest.param(b"\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0x\0\0\0\0\0\0\0", id="whose orientation is a word"),
        ],
    )
    def test_is_shown_as_it_is(self, exif: bytes) -> None:
        assert seen(picture("JPEG", exif=b"Exif\0\0II*\0" + exif)).size == (64, 48)


class TestAPictureWithAProfileOfColours:
    @pytest.fixture
    def profiled(self) -> Callable[[str], bytes]:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
        return lambda mode: encoded(Image.new(mode, (8, 8)), "PNG", icc_profile=profile)

    def test_is_shown_without_it(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        body = encoded(Image.new("RGB", (8, 8), GREEN), "PNG", icc_profile=profile)
        assert "icc_profile" not in seen(body).info

    def test_is_shown_in_srgb(self) -> None:
        body = encoded(Image.new("RGB", (8, 8), (200, 100, 100)), "PNG", icc_profile=swapped_profile())
        red, _, blue = seen(body).convert("RGB").getpixel((4, 4))  # type: ignore[misc]
        assert blue > red

    @pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
    def test_is_shown_all_the_same_when_it_does_not_fit(self, profiled: Callable[[str], bytes], mode: str) -> None:
        assert seen(profiled(mode)).size == (8, 8)

    def test_is_shown_without_one_that_is_broken(self) -> None:
        body = encoded(Image.new("RGB", (8, 8)), "PNG", icc_profile=b"rubbish")
        assert "icc_profile" not in seen(body).info


def swapped_profile() -> bytes:
    """sRGB with its red and its blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"\0XYZ").replace(b"bXYZ", b"rXYZ").replace(b"\0XYZ", b"bXYZ")


class TestTheColoursOfAPicture:
    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    @pytest.mark.parametrize("size", [(8, 8), (700, 600)])
    def test_stay_white(self, mode: str, size: tuple[int, int]) -> None:
        white = Image.new("L", size, 255)
        body = encoded(Image.new("I;16", size, 65535) if mode == "I;16" else white.convert(mode), "PNG")
        assert min(low for low, _ in seen(body).convert("RGB").getextrema()) > 250  # type: ignore[misc]

    def test_stay_grey_of_16_bits(self) -> None:
        shown = seen(encoded(Image.new("I;16", (8, 8), 0x8000), "PNG"))
        assert shown.convert("L").getextrema() == pytest.approx((128, 128), abs=2)

    def test_stay_transparent(self) -> None:
        body = encoded(Image.new("RGBA", (700, 600), (255, 0, 0, 0)), "PNG")
        assert seen(body).convert("RGBA").getchannel("A").getextrema() == (0, 0)

    def test_stay_transparent_by_palette(self) -> None:
        body = encoded(Image.new("P", (700, 600), 3), "GIF", transparency=3)
        assert seen(body).convert("RGBA").getchannel("A").getextrema() == (0, 0)

    def test_stay_where_they_are(self) -> None:
        stripes = Image.new("RGB", (3000, 3000), RED)
        stripes.paste(BLUE, (0, 1500, 3000, 3000))
        shown = seen(encoded(stripes, "PNG", compress_level=1)).convert("RGB")
        above, below = shown.getpixel((160, 150)), shown.getpixel((160, 170))
        assert (above[0] > 200, below[2] > 200) == (True, True)  # type: ignore[index]
