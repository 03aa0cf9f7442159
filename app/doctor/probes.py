"""What the doctor sends, and how an answer is judged: by its status, and by what came of it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote_plus, urlsplit

import requests

from app.storage.store import Upload, sha256_of

BODY = b"The doctor was here."
OTHER_BODY = BODY.swapcase()
TIMEOUT = 10
EXPIRED_WITHIN = 5

# What they are called in a report, the addresses and the bodies.
Requests = Mapping[str, tuple[Upload, bytes]]


def accepts_only(upload: Upload, altered: Requests, done: Callable[[], bool]) -> str:
    """Send what must be refused, then the upload as it was signed: who refuses that too has shown nothing."""
    return refuses(altered, done) or accepts(upload, done)


def serves_only(url: str, altered: Mapping[str, str]) -> str:
    return first(refused(what, get(each)) for what, each in altered.items()) or serves(url)


def refuses(altered: Requests, done: Callable[[], bool]) -> str:
    return first(refused(what, send(*each), done=done()) for what, each in altered.items())


def first(problems: Iterable[str]) -> str:
    return next(filter(None, problems), "")


def accepts(upload: Upload, done: Callable[[], bool]) -> str:
    return accepted("The upload as it was signed", send(upload), done=done())


def serves(url: str) -> str:
    answer = get(url)
    return accepted("The address as it was signed", answer, done=answer.content == BODY)


def outlived(url: str) -> str:
    """Ask until the address is refused."""
    until = time.monotonic() + EXPIRED_WITHIN
    while problem := refused("An expired GET", get(url)):
        if time.monotonic() > until:
            return problem
        time.sleep(0.1)
    return ""


def refused(what: str, answer: requests.Response, *, done: bool = False) -> str:
    """Whatever the status, nothing may come of it: neither what is done in the store, nor the file as the answer."""
    done = done or BODY in answer.content
    return "" if 400 <= answer.status_code < 500 and not done else outcome(what, answer, done=done)


def accepted(what: str, answer: requests.Response, *, done: bool) -> str:
    return "" if answer.ok and done else outcome(what, answer, done=done)


def outcome(what: str, answer: requests.Response, *, done: bool) -> str:
    return f"{what} was answered with {answer.status_code} and {'' if done else 'not '}carried out."


def send(upload: Upload, body: bytes = BODY) -> requests.Response:
    return requests.request(upload.method, upload.url, data=body, headers=dict(upload.headers), timeout=TIMEOUT)


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=TIMEOUT)


def preflight(upload: Upload, origin: str) -> requests.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": upload.method,
        "Access-Control-Request-Headers": ",".join(sorted(each.lower() for each in upload.headers)),
    }
    return requests.options(upload.url, headers=asked, timeout=TIMEOUT)


def allowed_origin(answer: requests.Response) -> str:
    return answer.headers.get("Access-Control-Allow-Origin", "")


def not_allowed(wanted: Iterable[str], allowed: str) -> list[str]:
    names = {each.strip().lower() for each in allowed.split(",")}
    return [] if "*" in names else sorted(each for each in wanted if each.lower() not in names)


def with_header(upload: Upload, name: str, value: str) -> Upload:
    return replace(upload, headers={**upload.headers, name: value})


def without_header(upload: Upload, name: str) -> Upload:
    return replace(upload, headers={each: value for each, value in upload.headers.items() if each != name})


def with_their_checksum(upload: Upload) -> Upload:
    """The header of the other bytes, where the checksum is in one."""
    own, other = sha256_of(BODY), sha256_of(OTHER_BODY)
    return replace(upload, headers={name: value.replace(own, other) for name, value in upload.headers.items()})


def with_parameter(url: str, old: str, new: str) -> str:
    """The address with another value in its query, and not a letter of the others changed."""
    path, _, query = url.partition("?")
    pairs = (each.partition("=") for each in query.split("&"))
    altered = (f"{name}={quote(new, safe='') if unquote_plus(value) == old else value}" for name, _, value in pairs)
    return f"{path}?{'&'.join(altered)}"


def unsigned(url: str) -> str:
    return url.partition("?")[0]


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
