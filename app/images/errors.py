"""What can go wrong with an image."""

from app.errors import InkwellError


class NotAnImage(InkwellError):
    """The file is not an image of the declared type, or it is damaged."""

    status = 422
    sentence = "The file is not an image of the declared type, or it is damaged."


class TooLarge(InkwellError):
    """Decoding the image would take more than an image may."""

    status = 422
    sentence = "The image is too large."


class Busy(InkwellError):
    """There is more image work than this machine can do now."""

    status = 503
    sentence = "The blog is busy at the moment. Please try again in a moment."
