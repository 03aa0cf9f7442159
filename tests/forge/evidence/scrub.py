"""No secret leaves: cookies, tokens, signatures and known keys become placeholders in every text that is kept.

A secret is known by its place (a `Cookie` header, `X-Amz-Signature` in an address, a hidden field `state`) or because
somebody said so. It is replaced wherever it stands, also where its place does not give it away, in every spelling:
as it is, quoted for an address, escaped for HTML and for JSON. Each has a placeholder of its own, such as `[cookie-1]`,
so that two of them stay two. It is good in an address and in a header too, where a trace's viewer reads it again.
Pixels are not read.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote

# A shorter one would be found in the middle of ordinary words.
SHORTEST = 8
# In an address, a form or its hidden field, a value of these names is a secret.
FIELDS = (
    *(
        "x-amz-signature",
        "x-amz-credential",
        "x-amz-security-token",
        "token",
        "code",
        "state",
        "nonce",
        "code_verifier",
    ),
    *("id_token", "access_token", "refresh_token", "client_secret", "password"),
)
# In JSON, `code` and `state` are ordinary words.
KEYS = ("code_verifier", "id_token", "access_token", "refresh_token", "client_secret", "password")
ATTRIBUTES = ("path", "domain", "expires", "max-age", "samesite", "priority")

_NAMES = "|".join(FIELDS)
_IN_ADDRESSES = re.compile(
    rf"(?:^|[?&]|&amp;|\\u0026|%3F|%26)({_NAMES})(?:=|%3D)([\w.~%+/=:*-]{{{SHORTEST},}})", re.IGNORECASE | re.ASCII
)
_IN_COOKIES = re.compile(r"\bcookie[\"']?\s*:\s*[\"']?([^\"'\r\n<>]+)", re.IGNORECASE)
_IN_AUTHORIZATION = re.compile(r"\bauthorization[\"']?\s*:\s*[\"']?([a-z][\w-]+ [^\"'\r\n<>]+)", re.IGNORECASE)
_CREDENTIAL = re.compile(r"[\w.~%+/=:-]+", re.ASCII)
_COOKIE_VALUE = re.compile(r"[^\s;,{}()<>\"'\\]+")
_INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(name|value)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)


class Scrubber:
    """Replaces secrets in texts; the same secret has the same placeholder in all that one scrubber has seen.

    `literals` are secrets that are known from the start, such as the app's secret key.
    """

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._placeholders: dict[str, str] = {}
        self._spellings: list[tuple[str, str]] = []
        for literal in literals:
            self.keep("secret", literal)

    @property
    def known(self) -> Iterable[str]:
        """The secrets so far."""
        return self._placeholders.keys()

    def text(self, text: str) -> str:
        """The text without its secrets: those known already, and those that it gives away itself."""
        self.learn(text)
        return self.replace(text)

    def replace(self, text: str) -> str:
        """The text without the secrets that are known already."""
        for spelling, placeholder in self._spellings:
            text = text.replace(spelling, placeholder)
        return text

    def learn(self, text: str) -> None:
        """Know the secrets of this text in others too: a cookie is recognised in its header, and then in a page."""
        for name, value in _IN_ADDRESSES.findall(text):
            self._keep_field(name, re.split("%26", value, flags=re.IGNORECASE)[0])
        for header in _IN_COOKIES.findall(text):
            self._keep_cookies(header)
        for header in _IN_AUTHORIZATION.findall(text):
            self._keep_authorization(header)
        for tag in _INPUT.findall(text):
            found = {name.lower(): html.unescape(one or other) for name, one, other in _ATTRIBUTE.findall(tag)}
            self._keep_field(found.get("name", ""), found.get("value", ""))
        for document in _documents(text):
            self._walk(document)

    def keep(self, kind: str, value: str) -> None:
        """Replace that value from now on, by a placeholder that says what kind of secret it was."""
        if len(value) < SHORTEST or value in self._placeholders or value.startswith("["):
            return
        placeholder = f"[{kind}-{len(self._placeholders) + 1}]"
        self._placeholders[value] = placeholder
        self._spellings += [(spelling, placeholder) for spelling in _spellings(value)]
        # Or a part would be replaced first, and what is left of the whole would stay.
        self._spellings.sort(key=lambda pair: -len(pair[0]))

    def keep_cookie(self, value: str) -> None:
        """The same of a cookie, and of what it signs."""
        self.keep("cookie", value)
        payload, dot, _ = value.lstrip(".").partition(".")
        if dot:
            # Each answer signs it anew.
            self.keep("cookie", payload)

    def _keep_field(self, name: str, value: str) -> None:
        if name.lower() in FIELDS:
            self.keep(name.lower().removeprefix("x-amz-").replace("_", "-"), unquote(value))

    def _keep_cookies(self, header: str) -> None:
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name.lower() not in ATTRIBUTES and _COOKIE_VALUE.fullmatch(value):
                self.keep_cookie(value)

    def _keep_authorization(self, header: str) -> None:
        _, _, rest = header.partition(" ")
        for credential in _CREDENTIAL.findall(rest):
            name, equals, value = credential.partition("=")
            if name != "SignedHeaders":
                self.keep("authorization", value if name in ("Credential", "Signature") and equals else credential)

    def _walk(self, found: Any) -> None:
        if isinstance(found, list):
            for each in found:
                self._walk(each)
        elif isinstance(found, dict):
            self._look_at(found)
            for each in found.values():
                self._walk(each)
        elif isinstance(found, str) and found[:1] in ("{", "["):
            for document in _documents(found):
                self._walk(document)

    def _look_at(self, found: dict[str, Any]) -> None:
        name, value = found.get("name"), found.get("value", found.get("__playwright_value_"))
        if isinstance(name, str) and isinstance(value, str):
            self._keep_named(name.lower(), value)
        for cookie in found.get("cookies") or ():
            if isinstance(cookie, dict) and isinstance(cookie.get("value"), str):
                self.keep_cookie(cookie["value"])
        for key in KEYS:
            if isinstance(secret := found.get(key), str):
                self.keep(key.replace("_", "-"), secret)

    def _keep_named(self, name: str, value: str) -> None:
        """A header, a field or an element, as traces have them: an object with a name and a value."""
        if name in ("cookie", "set-cookie"):
            for each in value.splitlines():
                self._keep_cookies(each)
        elif name in ("authorization", "proxy-authorization"):
            self._keep_authorization(value)
        else:
            self._keep_field(name, value)


def masked_query(query: str) -> str:
    """A query with its question mark, and a `…` for each secret in it."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    masked = [f"{name}=…" if name.lower() in FIELDS else f"{name}{equals}{value}" for name, equals, value in pairs]
    return f"?{'&'.join(masked)}" if masked else ""


def _documents(text: str) -> Iterator[Any]:
    """The JSON that a text is: one document, or one in each line."""
    if text.lstrip()[:1] not in ("{", "["):
        return
    try:
        yield json.loads(text)
    except ValueError:
        for line in text.splitlines():
            if line[:1] in ("{", "["):
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def _spellings(value: str) -> set[str]:
    quoted = quote(value, safe="")
    unlike = {value, quoted, quote(value), quote(quoted, safe="")}
    unlike |= {re.sub("%..", lambda escape: escape.group().lower(), each) for each in unlike - {value}}
    escaped = {html.escape(each) for each in unlike} | {json.dumps(each)[1:-1] for each in unlike}
    return unlike | escaped | {each.replace("/", "\\/") for each in escaped}
