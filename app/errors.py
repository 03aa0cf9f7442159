"""What can go wrong that a person should hear about.

Each class has the status of its answer (RFC 9110, 15) and the sentence that the person reads, unless an error brings a
sentence of its own.
"""

from typing import ClassVar


class InkwellError(Exception):
    """Something that ends in an answer, made by error_handlers."""

    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong on our side. It has been noted; please try again."

    def __str__(self) -> str:
        return super().__str__() or self.sentence


class Malformed(InkwellError):
    """The request cannot be read."""

    status = 400
    sentence = "That request could not be understood."


class LoginRequired(InkwellError):
    """Nobody is logged in."""

    status = 401
    sentence = "You must log in!"


class LoginFailed(InkwellError):
    """The identity provider's answer does not log anybody in."""

    status = 400
    sentence = "The login did not succeed. Nothing was changed; you can try again."


class LoginCancelled(LoginFailed):
    """The person chose not to log in."""

    sentence = "The login was cancelled. You can try again whenever you like."


class LoginNotAllowed(LoginFailed):
    """The operator lets in certain people only."""

    status = 403
    sentence = (
        "This blog lets in only people whom its operator has named, by a verified e-mail address, and yours is not "
        "among them. Nothing was changed."
    )


class CrossSiteWrite(InkwellError):
    """Another site's page sent this request."""

    status = 403
    sentence = (
        "This request does not come from this site's own pages. "
        "Programs send a JSON body, or this site's address in the Origin header."
    )


class NotFound(InkwellError):
    """There is no such thing, or the caller may not see it: both read the same."""

    status = 404
    sentence = "There is nothing at this address."


class TooSlow(InkwellError):
    """The request's body came too slowly."""

    status = 408
    sentence = "The request came too slowly, and was given up. Please try again."


class Changed(InkwellError):
    """The thing was changed since the caller read it."""

    status = 409
    sentence = "This was changed since you opened it."


class UnsupportedType(InkwellError):
    """The body has a media type that this route does not read."""

    status = 415
    sentence = "That kind of content is not read here."


class Invalid(InkwellError):
    """The request is readable, and its values break a rule. `fields` says which: name to sentence."""

    status = 422
    sentence = "Some values need your attention."

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__()
        self.fields = fields


class OverQuota(Invalid):
    """It would be more than the person may have. The sentence says of what, how much there is, and what to do."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__({name: sentence})
        self.args = (sentence,)


class KeyReused(InkwellError):
    """The idempotency key names something else, which was saved before."""

    status = 422
    sentence = "This key was used before, for other content. Send what is new with a key of its own."


class SlowDown(InkwellError):
    """Somebody asks too often. `seconds` is how long to wait."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"That was too often. Wait {seconds} second{'s' * (seconds != 1)}, then try again.")
        self.seconds = seconds


class ProviderUnavailable(InkwellError):
    """The identity provider does not answer, or not as OpenID Connect says it must."""

    status = 503
    sentence = "The sign-in service does not answer at the moment. Please try again shortly."
