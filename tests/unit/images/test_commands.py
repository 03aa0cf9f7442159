"""`flask images`."""

from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import NewApp


@pytest.fixture
def blog(new_app: NewApp, tmp_path: Path) -> Flask:
    """The blog with a cache of two images of its own."""
    made = new_app(instance_dir=tmp_path)
    for key in ("1/first", "1/second"):
        made.extensions["images"].cache.open(key, lambda out: out.write(b"image" * 100)).close()
    return made


def asked(blog: Flask, *words: str) -> tuple[int, str]:
    result = blog.test_cli_runner().invoke(args=["images", *words])
    return result.exit_code, result.output


class TestACacheWithTwoImages:
    def test_counts_them(self, blog: Flask) -> None:
        assert asked(blog, "stats")[1].splitlines()[0].split() == ["images", "2"]

    def test_finds_them_right(self, blog: Flask) -> None:
        assert asked(blog, "verify") == (0, "Dropped 0 damaged, 2 are right.\n")

    def test_drops_what_is_damaged(self, blog: Flask, tmp_path: Path) -> None:
        path = next((tmp_path / "image-cache" / "entries").iterdir())
        path.write_bytes(path.read_bytes().replace(b"image", b"imagE"))
        assert asked(blog, "verify") == (0, "Dropped 1 damaged, 1 are right.\n")

    def test_is_emptied(self, blog: Flask) -> None:
        assert (asked(blog, "clear"), blog.extensions["images"].cache.stats().entries) == ((0, "Dropped 2.\n"), 0)

    def test_fills_again(self, blog: Flask) -> None:
        asked(blog, "clear")
        with blog.extensions["images"].cache.open("1/first", lambda out: out.write(b"anew")) as body:
            assert body.read() == b"anew"
