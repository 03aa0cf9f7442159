"""What can go wrong that a person should hear about. The exception's text is the sentence they read."""


class InkwellError(Exception):
    """Something that ends in an answer, by the table in error_handlers."""


class Malformed(InkwellError):
    """The request cannot be read."""


class LoginRequired(InkwellError):
    """Nobody is logged in."""


class LoginFailed(InkwellError):
    """The identity provider's answer does not log anybody in."""


class LoginCancelled(LoginFailed):
    """The person chose not to log in."""


class CrossSiteWrite(InkwellError):
    """Another site's page sent this request."""


class NotFound(InkwellError):
    """There is no such thing, or the caller may not see it: both read the same."""


class Changed(InkwellError):
    """The thing was changed since the caller read it."""


class UnsupportedType(InkwellError):
    """The body has a media type that this route does not read."""


class Invalid(InkwellError):
    """The request is readable, and its values break a rule. `fields` says which: name to sentence."""

    def __init__(self, fields: dict[str, str], sentence: str = "Some values need your attention.") -> None:
        super().__init__(sentence)
        self.fields = fields


class ProviderUnavailable(InkwellError):
    """The identity provider does not answer, or not as OpenID Connect says it must."""
