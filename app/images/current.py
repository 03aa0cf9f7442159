"""The image server of the blog that answers this request."""

from app.current import extension
from app.images.server import ImageServer


def images() -> ImageServer:
    return extension("images", ImageServer)
